//! No descriptors left: the process neither spins nor dies, says so, and recovers by itself.

use std::time::{Duration, Instant};

use super::support::recorder::Recorder;
use super::support::watched::Watched;
use super::support::within;
use super::{CHAT, HI, at_rest};
use crate::support::wire::post;

/// What the process waits before it tries to accept again.
const PAUSE: Duration = Duration::from_millis(100);

#[tokio::test]
async fn no_descriptors_left_is_waited_out() {
    let mut recorder = Recorder::start().await;
    let mut server = Watched::limited(&recorder.url(), "", 64).await;
    let before = at_rest(&server).await;
    let mut served = server.connect().await;
    served.send("GET /v1/models HTTP/1.1\r\nhost: x\r\nconnection: keep-alive\r\n\r\n").await;
    assert_eq!(served.message().await.status(), 200);
    recorder.request().await;

    let began = Instant::now();
    let mut crowd = Vec::new();
    for _ in 0..100 {
        crowd.push(server.connect().await);
    }
    let refused = |log: &str| log.matches("could not be accepted").count();
    within(async {
        while refused(&server.log()) < 4 {
            tokio::task::yield_now().await;
        }
    })
    .await;
    // It tries once a pause and no more often; one that span would have tried thousands of times by now.
    let (tries, pauses) = (refused(&server.log()), began.elapsed().as_millis() / PAUSE.as_millis());
    assert!(tries as u128 <= 2 * (pauses + 1), "{tries} tries in {pauses} pauses");
    assert!(server.is_running());
    // Who is in is served on: over the connection to the upstream that is there, or told that there is no other.
    served.send(post(CHAT, HI)).await;
    let status = served.message().await.status();
    assert!(matches!(status, 200 | 502), "{status}");

    // Once the crowd is gone, all is as it was.
    drop(crowd);
    let mut next = server.connect().await;
    next.send(post(CHAT, HI)).await;
    assert_eq!(next.message().await.status(), 200);
    drop((served, next, recorder));
    server.settled(before).await;
}
