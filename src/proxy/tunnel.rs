//! Tunnels: once both ends have switched protocols, bytes pass both ways and nothing is read.

use http::{Request, Response};
use hyper::upgrade::OnUpgrade;
use hyper_util::rt::TokioIo;
use tokio::io::copy_bidirectional;

use super::phase::Slot;

/// The client's end of a tunnel that may come about.
pub(super) struct Tunnelled {
    client: OnUpgrade,
    /// What keeps the connection counted, and says when to end. `None` where the host is no server of ours.
    slot: Option<Slot>,
}

impl Tunnelled {
    /// Takes the client's end out of a request that asks to switch.
    pub(super) fn begin<B>(request: &mut Request<B>) -> Self {
        let slot = request.extensions_mut().remove();
        Self { client: hyper::upgrade::on(request), slot }
    }
}

/// Joins the two ends; they meet as soon as the client has the head of `response`, which must say 101.
pub(super) fn join<R>(client: Tunnelled, response: &mut Response<R>) {
    let upstream = hyper::upgrade::on(response);
    let Tunnelled { client, slot } = client;
    tokio::spawn(async move {
        let copy = async {
            let (client, upstream) = tokio::try_join!(client, upstream)?;
            let moved = copy_bidirectional(&mut TokioIo::new(client), &mut TokioIo::new(upstream)).await;
            Ok::<_, hyper::Error>(moved)
        };
        let Some(mut slot) = slot else {
            // Whatever ended it, both ends are closed now.
            let _ = copy.await;
            return;
        };
        tokio::select! {
            ended = copy => match ended {
                Ok(Ok((sent, received))) => tracing::debug!(sent, received, "a tunnel was closed"),
                Ok(Err(error)) => tracing::debug!(%error, "a tunnel broke"),
                Err(error) => tracing::debug!(%error, "a tunnel did not come about"),
            },
            () = slot.ended() => tracing::debug!("a tunnel was ended"),
        }
    });
}
