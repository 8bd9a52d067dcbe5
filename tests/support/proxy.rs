//! The real server with the real layer, in this process.

use std::net::SocketAddr;
use std::sync::Arc;

use groundwire::classify::{Classifier, NoClassifier};
use groundwire::config::{Config, Overrides};
use groundwire::layer::RequestBody;
use groundwire::observe::{Metrics, Observer, Record};
use groundwire::policy::preset;
use groundwire::proxy::{InboundBody, Server, Upstream};
use groundwire::{Grounder, GroundingLayer};
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinHandle;
use tower_layer::Layer;

use super::{Peer, within};

/// A sidecar that runs until it is dropped or told to stop.
pub struct Proxy {
    pub address: SocketAddr,
    pub admin: SocketAddr,
    records: mpsc::UnboundedReceiver<Arc<Record>>,
    stop: Option<oneshot::Sender<()>>,
    running: JoinHandle<()>,
}

/// Tells the test of every record.
struct Tell(mpsc::UnboundedSender<Arc<Record>>);

impl Observer for Tell {
    fn turn(&self, record: &Arc<Record>) {
        // A test that is not interested has dropped the other end.
        let _ = self.0.send(Arc::clone(record));
    }
}

/// A configuration on free ports, in front of `upstream`, with `more` as it would stand in the file. No forward proxy of the
/// environment's is asked.
pub fn config(upstream: &str, more: &str) -> Config {
    let text = format!(
        "listen = \"127.0.0.1:0\"\nadmin = \"127.0.0.1:0\"\nupstream = \"{upstream}\"\nupstream-proxy = \"off\"\n{more}"
    );
    Config::from_toml(&text, "test.toml", &Overrides::default()).unwrap()
}

impl Proxy {
    /// Judges nothing, and passes everything on.
    pub async fn start(upstream: &str) -> Self {
        Self::configured(upstream, "").await
    }

    pub async fn configured(upstream: &str, more: &str) -> Self {
        Self::judging(&config(upstream, more), NoClassifier).await
    }

    pub async fn judging(config: &Config, classifier: impl Classifier) -> Self {
        Self::ailing(config, classifier, || None).await
    }

    /// Says on `/readyz` what `ailment` says.
    pub async fn ailing(
        config: &Config,
        classifier: impl Classifier,
        ailment: impl Fn() -> Option<String> + Send + Sync + 'static,
    ) -> Self {
        let mut server = Server::bind(config).unwrap();
        server.degraded_by(ailment);
        let (address, admin) = (server.address(), server.admin_address().unwrap());
        let mut metrics = Metrics::new();
        server.counts().register(metrics.registry_mut());
        let metrics = Arc::new(metrics);
        let shown = Arc::clone(&metrics);
        server.serve_admin(move || shown.encode());
        let (tell, records) = mpsc::unbounded_channel();
        let grounder = Grounder::builder(classifier, preset("gentle").unwrap())
            .configure(|settings| settings.body_cap = config.limits.classify_bytes.as_usize())
            .observer(metrics)
            .observer(Tell(tell))
            .build();
        let upstream = Upstream::<RequestBody<InboundBody>>::new(config).unwrap();
        let service = GroundingLayer::new(grounder).layer(upstream);
        let (stop, stopped) = oneshot::channel();
        let running = tokio::spawn(server.run(service, async {
            // An error is a test that dropped its proxy, which stops it, too.
            let _ = stopped.await;
        }));
        Self { address, admin, records, stop: Some(stop), running }
    }

    pub async fn connect(&self) -> Peer {
        Peer::connect(self.address).await
    }

    /// The next record of a chat call, once it is told.
    pub async fn record(&mut self) -> Arc<Record> {
        within(self.records.recv()).await.unwrap()
    }

    /// Tells it to stop, as a signal would.
    pub fn stop(&mut self) {
        self.stop.take().unwrap().send(()).unwrap();
    }

    /// Waits until it has stopped.
    pub async fn stopped(&mut self) {
        within(&mut self.running).await.unwrap();
    }

    pub fn is_running(&self) -> bool {
        !self.running.is_finished()
    }

    /// What an admin endpoint says: status and text.
    pub async fn ask_admin(&self, path: &str) -> (u16, String) {
        let mut peer = Peer::connect(self.admin).await;
        peer.send(format!("GET {path} HTTP/1.1\r\nhost: x\r\n\r\n")).await;
        let message = peer.message().await;
        (message.status(), String::from_utf8(message.body).unwrap())
    }
}
