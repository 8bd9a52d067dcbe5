//! `groundwire health`: asks a running server's admin listener, for probes where there is no HTTP client, as in an image
//! that holds nothing but this binary.

use std::io::{Write, stdout};
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::{Duration, Instant};

use bytes::Bytes;
use clap::Args;
use http::{Request, StatusCode};
use http_body_util::{BodyExt, Empty, Limited};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tokio::time::timeout;

use super::{Failure, value};
use crate::config::{Listen, Period};

/// A server on the same machine that has not answered by then does not answer.
const PATIENCE: Duration = Duration::from_secs(2);
/// Between two questions of `--wait`.
const PAUSE: Duration = Duration::from_millis(50);
/// What is read of an answer at most; whatever else may listen there is not trusted to stop.
const MOST: usize = 4096;

/// Ask a running server whether it is ready; exit code 0 if it is, 1 if it is not
#[derive(Args)]
#[command(after_help = "\
Examples:
  groundwire health
  groundwire health --live --admin 127.0.0.1:9191
  groundwire health --wait 10s

For a health check of Docker's, an exec probe of Kubernetes', or a start-up script.
A server that is degraded is ready: requests pass, and a broken model is no outage.")]
pub(super) struct Health {
    /// Its admin listener
    #[arg(long, value_name = "ADDRESS", value_parser = value::<Listen>, default_value = "127.0.0.1:9090")]
    admin: Listen,
    /// Ask only whether it runs
    #[arg(long)]
    live: bool,
    /// Ask again until it says yes, for as long as this
    #[arg(long, value_name = "TIME", value_parser = value::<Period>)]
    wait: Option<Period>,
}

impl Health {
    pub(super) fn run(self) -> Result<(), Failure> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let said = runtime.block_on(self.ask())?;
        write!(stdout(), "{said}")?;
        Ok(())
    }

    /// What the server says; an error if it is not what is wanted, or says nothing.
    async fn ask(&self) -> Result<String, Failure> {
        let until = self.wait.map(|wait| Instant::now() + wait.0);
        loop {
            let answer = match timeout(PATIENCE, answer(reachable(self.admin.0), self.path())).await {
                Ok(answer) => answer,
                Err(_) => Err(format!("no answer within {} seconds", PATIENCE.as_secs()).into()),
            };
            match answer {
                Ok((StatusCode::OK, said)) => return Ok(said),
                no if until.is_some_and(|until| Instant::now() < until) => {
                    drop(no);
                    tokio::time::sleep(PAUSE).await;
                }
                Ok((status, said)) => {
                    return Err(format!("the server says {}: {}", status.as_u16(), said.trim()).into());
                }
                Err(error) => {
                    return Err(
                        format!("the server's admin listener on {} cannot be asked: {error}", self.admin).into()
                    );
                }
            }
        }
    }

    fn path(&self) -> &'static str {
        if self.live { "/healthz" } else { "/readyz" }
    }
}

/// Status and text of the answer to `GET path`.
async fn answer(address: SocketAddr, path: &str) -> Result<(StatusCode, String), Failure> {
    let socket = TcpStream::connect(address).await?;
    let (mut client, connection) = hyper::client::conn::http1::handshake(TokioIo::new(socket)).await?;
    // It ends with the runtime; what breaks it the request tells.
    tokio::spawn(connection);
    let request = Request::get(path).header("host", address.to_string()).body(Empty::<Bytes>::new())?;
    let response = client.send_request(request).await?;
    let status = response.status();
    let body = Limited::new(response.into_body(), MOST).collect().await?.to_bytes();
    Ok((status, String::from_utf8_lossy(&body).into_owned()))
}

/// Where a server is reached from its own machine that listens on `address`, which may stand for all addresses.
fn reachable(mut address: SocketAddr) -> SocketAddr {
    if address.ip().is_unspecified() {
        address.set_ip(if address.is_ipv4() { Ipv4Addr::LOCALHOST.into() } else { Ipv6Addr::LOCALHOST.into() });
    }
    address
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn every_address_is_reached_on_loopback() {
        let reached = |address: &str| reachable(address.parse().unwrap()).to_string();
        assert_eq!(reached("0.0.0.0:9090"), "127.0.0.1:9090");
        assert_eq!(reached("[::]:9090"), "[::1]:9090");
        assert_eq!(reached("192.0.2.7:1"), "192.0.2.7:1");
    }
}
