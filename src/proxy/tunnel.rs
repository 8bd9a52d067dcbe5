//! Tunnels: once both ends have switched protocols, bytes pass both ways and nothing is read.

use http::{Request, Response};
use hyper::upgrade::OnUpgrade;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt, copy, split};

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
            Ok::<_, hyper::Error>(relay(TokioIo::new(client), TokioIo::new(upstream)).await)
        };
        let Some(mut slot) = slot else {
            // Whatever ended it, both ends are closed now.
            let _ = copy.await;
            return;
        };
        tokio::select! {
            ended = copy => match ended {
                Ok(Ok(())) => tracing::debug!("a tunnel was closed"),
                Ok(Err(error)) => tracing::debug!(%error, "a tunnel broke"),
                Err(error) => tracing::debug!(%error, "a tunnel did not come about"),
            },
            () = slot.ended() => tracing::debug!("a tunnel was ended"),
        }
    });
}

/// Copies both ways until one end has no more to say, which ends the tunnel: what is spoken in tunnels has a goodbye of
/// its own, and an end that goes without one (a client that left, say) is not coming back.
async fn relay(client: impl AsyncRead + AsyncWrite, upstream: impl AsyncRead + AsyncWrite) -> std::io::Result<()> {
    let ((mut from_client, mut to_client), (mut from_upstream, mut to_upstream)) = (split(client), split(upstream));
    let ended = tokio::select! {
        ended = copy(&mut from_client, &mut to_upstream) => ended,
        ended = copy(&mut from_upstream, &mut to_client) => ended,
    };
    // The end that is already gone refuses this, and need not be told.
    let _ = tokio::join!(to_upstream.shutdown(), to_client.shutdown());
    ended.map(drop)
}
