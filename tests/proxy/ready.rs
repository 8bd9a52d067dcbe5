//! Readiness where the classifier is able no more: the server serves, and says that it judges nothing.

use std::sync::mpsc;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use groundwire::classify::{Judge, Judgement, PoolOptions, ThreadedClassifier, Window};
use groundwire::dialogue::Bypass;

use super::support::wire::{ok, post};
use super::support::{Proxy, Upstream, config, within};

const CHAT: &str = "/v1/chat/completions";

/// Hangs until the test lets go of the other end.
struct Hangs(Arc<Mutex<mpsc::Receiver<()>>>);

impl Judge for Hangs {
    fn judge(&mut self, _: &Window) -> groundwire::Result<Judgement> {
        let _ = self.0.lock().unwrap().recv();
        Err(groundwire::classify::ModelFiles::read("/nowhere".as_ref()).unwrap_err())
    }
}

#[tokio::test]
async fn a_classifier_that_hangs_degrades_and_is_no_outage() {
    let upstream = Upstream::start().await;
    let (held, gate) = mpsc::channel();
    let gate = Arc::new(Mutex::new(gate));
    let options =
        PoolOptions::default().threads(1).deadline(Duration::from_millis(20)).stall_after(Duration::from_millis(50));
    let classifier = Arc::new(
        ThreadedClassifier::start(options, None, move || Ok(Box::new(Hangs(Arc::clone(&gate))) as _)).unwrap(),
    );
    let able = Arc::clone(&classifier);
    let ailment = move || (!able.is_able()).then(|| "no thread takes turns".to_owned());
    let mut proxy = Proxy::ailing(&config(&upstream.url(), ""), classifier, ailment).await;
    assert_eq!(proxy.ask_admin("/readyz").await, (200, "ready\n".to_owned()));
    let (_, metrics) = proxy.ask_admin("/metrics").await;
    assert!(metrics.contains("groundwire_ready_state{state=\"ready\"} 1"), "{metrics}");
    assert!(metrics.contains("groundwire_ready_state{state=\"degraded\"} 0"), "{metrics}");

    let mut client = proxy.connect().await;
    let mut there = None;
    let mut ask = async |i: usize| {
        client.send(post(CHAT, &format!(r#"{{"messages":[{{"role":"user","content":"Tell me about {i}"}}]}}"#))).await;
        if there.is_none() {
            there = Some(upstream.accept().await);
        }
        let there = there.as_mut().unwrap();
        there.message().await;
        there.send(ok("{}")).await;
        assert_eq!(client.message().await.status(), 200);
    };
    // Each turn that is asked meanwhile is served; in the end no thread is left.
    within(async {
        for i in 0.. {
            ask(i).await;
            let bypass = proxy.record().await.bypass;
            assert!(matches!(bypass, Some(Bypass::Deadline | Bypass::Stalled)), "{bypass:?}");
            let (status, text) = proxy.ask_admin("/readyz").await;
            assert_eq!(status, 200);
            if text == "degraded: no thread takes turns\n" {
                break;
            }
            assert_eq!(text, "ready\n");
        }
    })
    .await;
    let (_, metrics) = proxy.ask_admin("/metrics").await;
    assert!(metrics.contains("groundwire_ready_state{state=\"ready\"} 0"), "{metrics}");
    assert!(metrics.contains("groundwire_ready_state{state=\"degraded\"} 1"), "{metrics}");
    drop(held);
}
