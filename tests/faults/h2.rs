//! An upstream that speaks HTTP/2, resets streams, and says goodbye.

use bytes::Bytes;
use h2::server::SendResponse;
use h2::{Reason, RecvStream};
use http::{Request, Response};
use tokio::net::TcpListener;
use tokio::sync::mpsc;

use super::support::tls::{FOLDER, acceptor};
use super::support::watched::Watched;
use super::support::wire::post;
use super::support::{Peer, within};
use super::{CHAT, HI, at_rest};

/// How the upstream takes leave of a connection.
enum Leave {
    /// GOAWAY that lets what has begun come to its end.
    Politely,
    /// GOAWAY that does not.
    Abruptly,
}

/// One stream: which connection it came over, what was asked, and what answers it.
struct Exchange {
    connection: usize,
    request: Request<RecvStream>,
    respond: SendResponse<Bytes>,
    leave: mpsc::UnboundedSender<Leave>,
}

struct H2 {
    url: String,
    exchanges: mpsc::UnboundedReceiver<Exchange>,
}

impl H2 {
    async fn start() -> Self {
        let acceptor = acceptor(&[b"h2"]);
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("https://{}", listener.local_addr().unwrap());
        let (tell, exchanges) = mpsc::unbounded_channel();
        tokio::spawn(async move {
            for connection in 0.. {
                let accepted = tokio::select! {
                    accepted = listener.accept() => accepted,
                    () = tell.closed() => return,
                };
                let socket = acceptor.accept(accepted.unwrap().0).await.unwrap();
                tokio::spawn(serve(socket, connection, tell.clone()));
            }
        });
        Self { url, exchanges }
    }

    async fn next(&mut self) -> Exchange {
        within(self.exchanges.recv()).await.unwrap()
    }
}

async fn serve(
    socket: tokio_rustls::server::TlsStream<tokio::net::TcpStream>,
    connection: usize,
    tell: mpsc::UnboundedSender<Exchange>,
) {
    let mut http = h2::server::handshake(socket).await.unwrap();
    let (leave, mut leaving) = mpsc::unbounded_channel();
    loop {
        tokio::select! {
            accepted = http.accept() => match accepted {
                Some(Ok((request, respond))) => {
                    let _ = tell.send(Exchange { connection, request, respond, leave: leave.clone() });
                }
                _ => return,
            },
            Some(how) = leaving.recv() => match how {
                Leave::Politely => http.graceful_shutdown(),
                Leave::Abruptly => http.abrupt_shutdown(Reason::INTERNAL_ERROR),
            },
            () = tell.closed() => return,
        }
    }
}

async fn started() -> (H2, Watched) {
    let upstream = H2::start().await;
    let server = Watched::start(&upstream.url, &format!("upstream-ca = \"{FOLDER}/ca.pem\"")).await;
    (upstream, server)
}

async fn asked(server: &Watched, upstream: &mut H2) -> (Peer, Exchange) {
    let mut client = server.connect().await;
    client.send(post(CHAT, HI)).await;
    let mut exchange = upstream.next().await;
    let mut body = Vec::new();
    while let Some(data) = within(exchange.request.body_mut().data()).await {
        body.extend_from_slice(&data.unwrap());
    }
    assert_eq!(body, HI.as_bytes());
    (client, exchange)
}

fn events() -> Response<()> {
    Response::builder().header("content-type", "text/event-stream").body(()).unwrap()
}

async fn answered(client: &mut Peer, exchange: &mut Exchange) {
    let mut stream = exchange.respond.send_response(Response::new(()), false).unwrap();
    stream.send_data(Bytes::from_static(b"{}"), true).unwrap();
    let response = client.message().await;
    assert_eq!((response.status(), response.body.as_slice()), (200, &b"{}"[..]));
}

#[tokio::test]
async fn a_stream_that_is_reset_is_an_error_of_its_own_request() {
    let (mut upstream, server) = started().await;
    let before = at_rest(&server).await;
    let (mut other, mut untouched) = asked(&server, &mut upstream).await;
    for reason in [Reason::INTERNAL_ERROR, Reason::CANCEL, Reason::ENHANCE_YOUR_CALM] {
        let (mut client, mut exchange) = asked(&server, &mut upstream).await;
        assert_eq!(exchange.connection, untouched.connection);
        exchange.respond.send_reset(reason);
        let response = client.message().await;
        assert_eq!(response.status(), 502, "{reason}");
        assert!(response.json()["error"]["type"].is_string());
    }
    // In the middle of a stream, between two events and within one.
    for (data, told) in [("data: 1\n\n", true), ("data: 1\n", false)] {
        let (mut client, mut exchange) = asked(&server, &mut upstream).await;
        let mut stream = exchange.respond.send_response(events(), false).unwrap();
        stream.send_data(Bytes::from_static(data.as_bytes()), false).unwrap();
        client.until("data: 1\n").await;
        stream.send_reset(Reason::INTERNAL_ERROR);
        let rest = String::from_utf8(client.rest().await).unwrap();
        assert_eq!(rest.contains("broke off"), told, "{rest:?}");
        assert!(!rest.ends_with("0\r\n\r\n"), "{rest:?}");
    }
    answered(&mut other, &mut untouched).await;
    drop((other, untouched, upstream));
    server.settled(before).await;
}

#[tokio::test]
async fn a_goodbye_lets_what_has_begun_end_and_sends_the_rest_elsewhere() {
    let (mut upstream, server) = started().await;
    let before = at_rest(&server).await;
    let (mut client, mut exchange) = asked(&server, &mut upstream).await;
    let mut stream = exchange.respond.send_response(events(), false).unwrap();
    stream.send_data(Bytes::from_static(b"data: 1\n\n"), false).unwrap();
    client.until("data: 1\n\n").await;
    exchange.leave.send(Leave::Politely).unwrap();
    // Clients come until one is served over another connection. One whose request crosses the goodbye is told so; the
    // upstream never sees that one.
    let mut connection = exchange.connection;
    while connection == exchange.connection {
        let mut next = server.connect().await;
        next.send(post(CHAT, HI)).await;
        tokio::select! {
            mut other = upstream.next() => {
                connection = other.connection;
                answered(&mut next, &mut other).await;
            }
            crossed = next.message() => assert_eq!(crossed.status(), 502),
        }
    }
    stream.send_data(Bytes::from_static(b"data: 2\n\n"), true).unwrap();
    client.until("data: 2\n\n\r\n0\r\n\r\n").await;
    drop((client, stream, exchange, upstream));
    server.settled(before).await;
}

#[tokio::test]
async fn a_connection_that_is_given_up_breaks_what_was_on_it_and_nothing_else() {
    let (mut upstream, server) = started().await;
    let before = at_rest(&server).await;
    let (mut waiting, exchange) = asked(&server, &mut upstream).await;
    let (mut reading, mut streaming) = asked(&server, &mut upstream).await;
    assert_eq!(exchange.connection, streaming.connection);
    let mut stream = streaming.respond.send_response(events(), false).unwrap();
    stream.send_data(Bytes::from_static(b"data: 1\n\n"), false).unwrap();
    reading.until("data: 1\n\n").await;
    exchange.leave.send(Leave::Abruptly).unwrap();
    assert_eq!(waiting.message().await.status(), 502);
    let rest = String::from_utf8(reading.rest().await).unwrap();
    assert!(rest.contains("broke off") && !rest.ends_with("0\r\n\r\n"), "{rest:?}");
    let (mut next, mut other) = asked(&server, &mut upstream).await;
    assert_ne!(other.connection, exchange.connection);
    answered(&mut next, &mut other).await;
    drop((waiting, reading, next, other, stream, streaming, exchange, upstream));
    server.settled(before).await;
}

#[tokio::test]
async fn a_client_that_vanishes_resets_its_stream_and_no_other() {
    let (mut upstream, server) = started().await;
    let before = at_rest(&server).await;
    let (mut other, mut untouched) = asked(&server, &mut upstream).await;
    let (client, mut exchange) = asked(&server, &mut upstream).await;
    drop(client);
    let reason = within(std::future::poll_fn(|cx| exchange.respond.poll_reset(cx))).await.unwrap();
    assert_eq!(reason, Reason::CANCEL);
    let (mut client, mut exchange) = asked(&server, &mut upstream).await;
    let mut stream = exchange.respond.send_response(events(), false).unwrap();
    stream.send_data(Bytes::from_static(b"data: 1\n\n"), false).unwrap();
    client.until("data: 1\n\n").await;
    drop(client);
    let reason = within(std::future::poll_fn(|cx| stream.poll_reset(cx))).await.unwrap();
    assert_eq!(reason, Reason::CANCEL);
    answered(&mut other, &mut untouched).await;
    drop((other, untouched, stream, exchange, upstream));
    server.settled(before).await;
}
