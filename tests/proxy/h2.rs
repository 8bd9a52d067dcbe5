//! HTTP/2 in clear text, as gRPC-minded clients and meshes speak it.

use bytes::Bytes;
use http::{Request, Version};
use http_body_util::{BodyExt, Full};
use hyper::client::conn::http2;
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::net::TcpStream;

use super::support::wire::ok;
use super::support::{Proxy, Upstream, within};

type Sender = http2::SendRequest<Full<Bytes>>;

async fn connect(proxy: &Proxy) -> Sender {
    let socket = TcpStream::connect(proxy.address).await.unwrap();
    let (sender, connection) = within(http2::handshake(TokioExecutor::new(), TokioIo::new(socket))).await.unwrap();
    tokio::spawn(connection);
    sender
}

fn chat(body: &'static str) -> Request<Full<Bytes>> {
    let builder =
        Request::post("http://proxy/v1/chat/completions?x=1").version(Version::HTTP_2).header("te", "trailers");
    builder.body(Full::new(Bytes::from_static(body.as_bytes()))).unwrap()
}

#[tokio::test]
async fn requests_pass_to_an_http1_upstream() {
    let upstream = Upstream::start().await;
    let proxy = Proxy::start(&upstream.url()).await;
    let mut sender = connect(&proxy).await;
    let body = r#"{ "messages": [{"role":"user","content":"hi"}] }"#;
    let response = tokio::spawn(sender.send_request(chat(body)));
    let mut there = upstream.accept().await;
    let request = there.message().await;
    assert_eq!(request.line(), "POST /v1/chat/completions?x=1 HTTP/1.1");
    assert_eq!(request.header("host"), Some(&*upstream.address().to_string()));
    assert_eq!(request.body, body.as_bytes());
    there
        .send("HTTP/1.1 200 OK\r\nconnection: keep-alive\r\ntransfer-encoding: chunked\r\ntrailer: x-sum\r\n\r\n1\r\na\r\n")
        .await;
    let mut response = within(response).await.unwrap().unwrap();
    assert!(!response.headers().contains_key("connection"));
    let first = within(response.body_mut().frame()).await.unwrap().unwrap();
    assert_eq!(first.into_data().unwrap(), "a");
    there.send("1\r\nb\r\n0\r\nx-sum: 2\r\n\r\n").await;
    let rest = within(response.collect()).await.unwrap();
    assert_eq!(rest.trailers().unwrap()["x-sum"], "2");
    assert_eq!(rest.to_bytes(), "b");
}

#[tokio::test]
async fn one_stream_that_breaks_or_is_left_does_not_touch_the_others() {
    let upstream = Upstream::start().await;
    let proxy = Proxy::start(&upstream.url()).await;
    let mut sender = connect(&proxy).await;
    let mut start = async || {
        let response = tokio::spawn(sender.send_request(chat("{}")));
        let mut there = upstream.accept().await;
        there.message().await;
        (response, there)
    };
    let (broken, mut broken_there) = start().await;
    let (left, mut left_there) = start().await;
    let (kept, mut kept_there) = start().await;
    broken_there.send("HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nabc").await;
    let broken = within(broken).await.unwrap().unwrap();
    drop(broken_there);
    assert!(within(broken.collect()).await.is_err(), "a body that broke off is an error, not an end");
    left.abort();
    left_there.closed().await;
    kept_there.send(ok("{}")).await;
    let kept = within(kept).await.unwrap().unwrap();
    assert_eq!(within(kept.collect()).await.unwrap().to_bytes(), "{}");
}

#[tokio::test]
async fn a_drain_finishes_streams_and_closes_the_connection() {
    let upstream = Upstream::start().await;
    let mut proxy = Proxy::start(&upstream.url()).await;
    let mut sender = connect(&proxy).await;
    let response = tokio::spawn(sender.send_request(chat("{}")));
    let mut there = upstream.accept().await;
    there.message().await;
    proxy.stop();
    there.send(ok("{}")).await;
    let response = within(response).await.unwrap().unwrap();
    assert_eq!(within(response.collect()).await.unwrap().to_bytes(), "{}");
    proxy.stopped().await;
}

#[tokio::test]
async fn an_idle_connection_is_closed_and_a_slow_one_is_not() {
    let upstream = Upstream::start().await;
    let proxy = Proxy::configured(&upstream.url(), "[limits]\nidle-timeout = \"100ms\"\nhead-timeout = \"50ms\"").await;
    let mut sender = connect(&proxy).await;
    let response = tokio::spawn(sender.send_request(chat("{}")));
    let mut there = upstream.accept().await;
    there.message().await;
    // Another one is opened and closed for idleness meanwhile.
    let mut idle = connect(&proxy).await;
    within(async {
        while idle.ready().await.is_ok() {
            tokio::task::yield_now().await
        }
    })
    .await;
    there.send(ok("{}")).await;
    assert_eq!(within(response).await.unwrap().unwrap().status(), 200);
}

#[tokio::test]
async fn an_upstream_that_is_down_is_a_502_here_too() {
    let upstream = Upstream::start().await;
    let url = upstream.url();
    drop(upstream);
    let proxy = Proxy::start(&url).await;
    let response = within(connect(&proxy).await.send_request(chat("{}"))).await.unwrap();
    assert_eq!(response.status(), 502);
    let body = within(response.collect()).await.unwrap().to_bytes();
    let json: serde_json::Value = serde_json::from_slice(&body).unwrap();
    assert!(json["error"]["type"].is_string(), "{json}");
}

#[tokio::test]
async fn a_header_list_over_the_limit_is_a_431_of_its_stream() {
    let upstream = Upstream::start().await;
    let proxy = Proxy::configured(&upstream.url(), "[limits]\nhead-bytes = \"8KiB\"").await;
    let mut sender = connect(&proxy).await;
    let long = Request::post("http://proxy/v1/chat/completions").header("x-long", "a".repeat(9000));
    let response = within(sender.send_request(long.body(Full::default()).unwrap())).await.unwrap();
    assert_eq!(response.status(), 431);
    assert!(within(response.collect()).await.unwrap().to_bytes().is_empty());
    let response = tokio::spawn(sender.send_request(chat("{}")));
    let mut there = upstream.accept().await;
    there.message().await;
    there.send(ok("{}")).await;
    assert_eq!(within(response).await.unwrap().unwrap().status(), 200, "the connection goes on");
}
