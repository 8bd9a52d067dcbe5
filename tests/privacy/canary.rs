//! Secrets and words are planted wherever a request or a response can hold them, the log is at its loudest, and none of
//! them may be seen anywhere but in what goes through.

use std::fs;
use std::net::SocketAddr;

use bytes::Bytes;
use http::{Request, Version};
use http_body_util::{BodyExt, Full};
use hyper::client::conn::http2;
use hyper_util::rt::{TokioExecutor, TokioIo};
use rustix::process::Signal;
use tempfile::TempDir;
use tokio::net::TcpStream;

use super::support::served::{Served, serve};
use super::support::wire::ok;
use super::support::{Peer, Upstream, within};

/// What every planted word begins with. It stands nowhere else.
const MARK: &str = "zq7";

/// A request with a planted word in every header that may hold a secret, and in its query.
fn request(line: &str, framing: &str, body: &[u8]) -> Vec<u8> {
    let mut request = format!(
        "{line} HTTP/1.1\r\nhost: proxy\r\ncontent-type: application/json\r\nauthorization: Bearer zq7authorization\r\n\
         proxy-authorization: Basic zq7proxyauthorization\r\nx-api-key: zq7xapikey\r\napi-key: zq7apikey\r\n\
         x-goog-api-key: zq7googkey\r\ncookie: session=zq7cookie\r\nopenai-organization: zq7organization\r\n\
         x-groundwire-user: zq7user\r\nx-groundwire-conversation: zq7conversation\r\nx-custom: zq7custom\r\n{framing}\r\n"
    )
    .into_bytes();
    request.extend_from_slice(body);
    request
}

fn sized(line: &str, body: impl AsRef<[u8]>) -> Vec<u8> {
    request(line, &format!("content-length: {}\r\n", body.as_ref().len()), body.as_ref())
}

const CHAT: &str = "POST /v1/chat/completions?key=zq7query&api_key=zq7query2";

fn chat(text: &str) -> Vec<u8> {
    sized(
        CHAT,
        format!(
            r#"{{"model":"m","user":"zq7bodyuser","metadata":{{"k":"zq7metadata"}},"messages":[{{"role":"system","content":"zq7system"}},{{"role":"user","content":"{text}"}}]}}"#
        ),
    )
}

/// One exchange: what the client sends, and what the upstream says to it, if it is to be asked at all.
struct Exchange {
    sends: Vec<u8>,
    answers: Option<Vec<u8>>,
    /// The status of a response that is ours, whose body must hold nothing of what was planted.
    ours: Option<u16>,
}

fn exchanges() -> Vec<Exchange> {
    let relayed = |sends: Vec<u8>, answers: &str| Exchange { sends, answers: Some(answers.into()), ours: None };
    let broken = |sends: Vec<u8>, answers: &[u8]| Exchange { sends, answers: Some(answers.to_vec()), ours: Some(502) };
    let refused = |sends: Vec<u8>, status: u16| Exchange { sends, answers: None, ours: Some(status) };
    let reply = r#"{"choices":[{"message":{"role":"assistant","content":"zq7reply","tool_calls":[{"id":"c","type":"function","function":{"name":"f","arguments":"{\"q\":\"zq7replyargument\"}"}}]},"finish_reason":"stop"}],"usage":{"prompt_tokens":1,"completion_tokens":1}}"#;
    let stream = "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\nconnection: close\r\nset-cookie: zq7setcookie\r\n\r\n\
                  data: {\"choices\":[{\"delta\":{\"content\":\"zq7streamed\"}}]}\n\n";
    let tools = r#"{"messages":[{"role":"user","content":"zq7question"},{"role":"assistant","content":null,"tool_calls":[{"id":"c","type":"function","function":{"name":"zq7function","arguments":"{\"path\":\"zq7argument\"}"}}]},{"role":"tool","tool_call_id":"c","content":"zq7toolresult"}],"tools":[{"type":"function","function":{"name":"f","description":"zq7description"}}]}"#;
    let file = r#"{"messages":[{"role":"user","content":[{"type":"text","text":"zq7part"},{"type":"file","file":{"filename":"zq7filename.pdf","file_data":"zq7filedata"}},{"type":"image_url","image_url":{"url":"https://x/zq7image"}}]}]}"#;
    let upload = "--b\r\ncontent-disposition: form-data; name=\"file\"; filename=\"zq7upload.txt\"\r\n\r\nzq7content\r\n--b--\r\n";
    vec![
        relayed(chat("What is the speed of light? zq7clear"), &ok(reply)),
        relayed(chat("Translate the paragraph below into Spanish. zq7vague"), &format!("{stream}data: [DONE]\n\n")),
        relayed(chat("Was meinst du mit zq7german? Das ist doch nicht dein Ernst, oder?"), stream),
        relayed(sized(CHAT, tools), &ok(reply)),
        relayed(sized(CHAT, file), &ok("no json zq7reply")),
        relayed(sized("POST /v1/files?key=zq7query", upload), &ok("{}")),
        relayed(
            sized("GET /v1/models?key=zq7query", ""),
            "HTTP/1.1 302 Found\r\nlocation: /x?key=zq7location\r\ncontent-length: 0\r\n\r\n",
        ),
        // Other dialects: keys in the target, names in the path, and replies that quote what they were told.
        relayed(
            sized(
                "POST /v1beta/models/m:streamGenerateContent?key=zq7query&access_token=zq7token",
                r#"{"contents":[{"role":"user","parts":[{"text":"Fix it. zq7gemini"}]}],"cachedContent":"zq7cached"}"#,
            ),
            "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\nconnection: close\r\n\r\n\
             [{\"candidates\":[{\"content\":{\"parts\":[{\"text\":\"zq7leaked ask one short question about it and offer\"}]},\"finishReason\":\"STOP\"}]}]",
        ),
        relayed(
            sized("POST /api/chat", r#"{"model":"m","messages":[{"role":"user","content":"Fix it. zq7ollama"}]}"#),
            "HTTP/1.1 200 OK\r\ncontent-type: application/x-ndjson\r\nconnection: close\r\n\r\n\
             {\"message\":{\"content\":\"zq7leaked ask one short question about it and offer\"},\"done\":true}\n",
        ),
        // Bodies that are none.
        relayed(sized(CHAT, r#"{"messages":[{"role":"user","content":"zq7unclosed"#), &ok(reply)),
        relayed(sized(CHAT, b"{\"messages\":[{\"role\":\"zq7role\",\"content\":\"zq7latin \xe9\"}]}"), &ok(reply)),
        relayed(sized(CHAT, r#"{"messages":{"zq7key":"zq7value"}}"#), &ok(reply)),
        // What the upstream says when it is at odds with us.
        relayed(
            chat("zq7refused"),
            "HTTP/1.1 401 Unauthorized\r\nwww-authenticate: zq7authenticate\r\ncontent-length: 29\r\n\r\n{\"error\":\"bad zq7authorization",
        ),
        broken(chat("zq7garbage"), b"zq7 this is no HTTP zq7head\r\n\r\n"),
        broken(chat("zq7header"), b"HTTP/1.1 200 OK\r\nzq7 header\r\n\r\n"),
        broken(chat("zq7length"), b"HTTP/1.1 200 OK\r\ncontent-length: zq7length\r\n\r\n"),
        broken(chat("zq7closed"), b""),
        relayed(chat("zq7short"), "HTTP/1.1 200 OK\r\ncontent-length: 100\r\nconnection: close\r\n\r\nzq7shortbody"),
        relayed(chat("zq7chunk"), "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nzq7ab\r\nzq7size\r\n"),
        relayed(
            chat("zq7event"),
            "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n1a\r\ndata: {\"choices\":[{\"zq7cut\r\nzq7size\r\n",
        ),
        // What is wrong on the client's side.
        refused(b"zq7verb zq7target zq7version\r\n\r\n".to_vec(), 400),
        refused(b"GET / HTTP/1.1\r\nzq7 name: zq7value\r\n\r\n".to_vec(), 400),
        refused(
            format!("GET /?{}=zq7long HTTP/1.1\r\nhost: x\r\nx: {}\r\n\r\n", MARK, "zq7long".repeat(20_000))
                .into_bytes(),
            431,
        ),
        refused(sized(CHAT, "zq7big".repeat(40_000)), 413),
        refused(b"CONNECT zq7host:443 HTTP/1.1\r\nhost: zq7host\r\n\r\n".to_vec(), 501),
        refused(b"OPTIONS zq7path HTTP/1.1\r\nhost: x\r\n\r\n".to_vec(), 501),
    ]
}

/// A server at its loudest, with everything on that tells of requests.
async fn loud(upstream: &str, folder: &TempDir) -> Served {
    let key = folder.path().join("key");
    let injected = folder.path().join("injected");
    fs::write(&key, "zq7identitykey-0123456789abcdef0123456789").unwrap();
    fs::write(&injected, "zq7injected").unwrap();
    let file = folder.path().join("groundwire.toml");
    let config = format!(
        "policy = \"own\"\nidentity-key = \"file:{}\"\ndebug-headers = true\ntools = \"steer\"\n\
         [classifier]\ndeadline = \"20s\"\n[records]\nto = \"records.jsonl\"\n[limits]\nmax-body = \"200KiB\"\n\
         [log]\nlevel = \"trace\"\nformat = \"json\"\naccess = \"access.jsonl\"\n[policies.own]\nrules = [{{ act = \"clarify\", ambiguity = 0.0 }}]\n\
         [[upstreams]]\nprefix = \"/keyed\"\nurl = \"{upstream}\"\nkey = \"file:{}\"\n\
         [[upstreams]]\nprefix = \"/forwarded\"\nurl = \"http://api.example\"\nproxy = \"http://zq7name:zq7password@{}\"\n",
        key.display(),
        injected.display(),
        upstream.trim_start_matches("http://")
    );
    fs::write(&file, config).unwrap();
    serve(upstream, &["--model", "builtin", "--config", file.to_str().unwrap()]).await
}

async fn over_http2(address: SocketAddr, upstream: &Upstream) {
    let socket = TcpStream::connect(address).await.unwrap();
    let (mut sender, connection) = within(http2::handshake(TokioExecutor::new(), TokioIo::new(socket))).await.unwrap();
    tokio::spawn(connection);
    let body = r#"{"messages":[{"role":"user","content":"zq7http2"}]}"#;
    let mut request = Request::post("http://proxy/v1/chat/completions?key=zq7query").version(Version::HTTP_2);
    for (name, value) in [("authorization", "Bearer zq7h2auth"), ("x-api-key", "zq7h2key"), ("cookie", "a=zq7h2cookie")]
    {
        request = request.header(name, value);
    }
    let response = tokio::spawn(sender.send_request(request.body(Full::new(Bytes::from(body))).unwrap()));
    let mut there = upstream.accept().await;
    assert_eq!(there.message().await.header("authorization"), Some("Bearer zq7h2auth"));
    there
        .send(
            "HTTP/1.1 200 OK\r\nset-cookie: zq7h2setcookie\r\nconnection: close\r\ncontent-length: 9\r\n\r\nzq7h2body",
        )
        .await;
    let response = within(response).await.unwrap().unwrap();
    assert_eq!(within(response.collect()).await.unwrap().to_bytes(), "zq7h2body");
}

/// What was planted and is seen in `place`, with the line it stands in.
fn seen(place: &str, text: &str) -> Vec<String> {
    let basic = "enE3bmFtZTp6cTdwYXNzd29yZA"; // zq7name:zq7password
    // Bytes that are printed as numbers are no less readable.
    let numbers = MARK.as_bytes().iter().map(u8::to_string).collect::<Vec<_>>().join(", ");
    let planted =
        |line: &&str| line.to_ascii_lowercase().contains(MARK) || line.contains(&numbers) || line.contains(basic);
    text.lines().filter(planted).map(|line| format!("{place}: {}", &line[..line.len().min(600)])).collect()
}

#[tokio::test]
async fn nothing_planted_is_seen_in_logs_metrics_records_or_errors() {
    let upstream = Upstream::start().await;
    let folder = TempDir::new().unwrap();
    let served = loud(&upstream.url(), &folder).await;
    let mut leaks = Vec::new();
    for (i, exchange) in exchanges().into_iter().enumerate() {
        let mut client = Peer::connect(served.listen).await;
        println!("exchange {i}");
        client.send(&exchange.sends).await;
        if let Some(answers) = exchange.answers {
            let mut there = upstream.accept().await;
            let asked = there.message().await;
            assert!(asked.head.contains("zq7authorization") && asked.head.contains("zq7cookie"), "exchange {i} passes");
            there.send(answers).await;
            // Closes.
            drop(there);
        }
        match exchange.ours {
            // Of a head that is too large not all is read, and the reset that follows may overtake the answer.
            Some(431) => leaks.extend(seen("the 431", &String::from_utf8_lossy(&client.rest().await))),
            Some(status) => {
                let message = client.message().await;
                assert_eq!(message.status(), status, "exchange {i}: {message:?}");
                let whole = format!("{}{}", message.head, String::from_utf8_lossy(&message.body));
                leaks.extend(seen(&format!("the {status} of exchange {i}"), &whole));
            }
            None => assert!(client.head().await.starts_with("HTTP/1.1 "), "exchange {i}"),
        }
    }
    over_http2(served.listen, &upstream).await;

    // A key of the operator's, which the upstream refuses, and a forward proxy with a password, which refuses that.
    for (prefix, planted) in [("/keyed", "Bearer zq7injected"), ("/forwarded", "Basic ")] {
        let mut client = Peer::connect(served.listen).await;
        client.send(sized(&format!("POST {prefix}/v1/chat/completions?key=zq7query"), "{}")).await;
        let mut there = upstream.accept().await;
        let asked = there.message().await;
        assert!(asked.head.contains(planted), "{prefix}: {}", asked.head);
        there
            .send(format!(
                "HTTP/1.1 407 Refused\r\nconnection: close\r\ncontent-length: 9\r\nx: {planted}\r\n\r\nzq7denied"
            ))
            .await;
        drop(there);
        client.message().await;
    }

    // A tunnel; a body that breaks, and one that is left in its middle. (The upstream is connected to for both.)
    let mut client = Peer::connect(served.listen).await;
    client.send(request("GET /v1/realtime?key=zq7query", "connection: upgrade\r\nupgrade: websocket\r\n", b"")).await;
    let mut there = upstream.accept().await;
    there.head().await;
    there.send("HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\nzq7tunnel").await;
    client.until("zq7tunnel").await;
    drop((client, there));
    let mut client = Peer::connect(served.listen).await;
    client.send(request(CHAT, "transfer-encoding: chunked\r\n", b"5\r\nzq7ab\r\nzq7size\r\n\r\n")).await;
    let message = client.message().await;
    assert_eq!(message.status(), 400);
    leaks.extend(seen("the 400 of a broken body", &String::from_utf8_lossy(&message.body)));
    let mut client = Peer::connect(served.listen).await;
    client.send(request(CHAT, "content-length: 100\r\n", br#"{"messages":[{"role":"user","content":"zq7left"#)).await;
    client.reset();

    // Nobody there any more.
    drop(upstream);
    let mut client = Peer::connect(served.listen).await;
    client.send(chat("zq7unreachable")).await;
    let message = client.message().await;
    assert_eq!(message.status(), 502);
    leaks.extend(seen("the 502 of no upstream", &String::from_utf8_lossy(&message.body)));
    drop(client);

    for page in ["/", "/metrics", "/readyz", "/healthz", "/decisions", "/no-such-page?key=zq7query"] {
        let mut probe = Peer::connect(served.admin).await;
        probe.send(request(&format!("GET {page}"), "", b"")).await;
        let message = probe.message().await;
        leaks.extend(seen(page, &format!("{}{}", message.head, String::from_utf8_lossy(&message.body))));
    }
    served.signal(Signal::TERM);
    let (output, working) = served.ended().await;
    assert_eq!(output.status.code(), Some(0));
    let (log, said) = (String::from_utf8_lossy(&output.stderr), String::from_utf8_lossy(&output.stdout));
    let records = fs::read_to_string(working.path().join("records.jsonl")).unwrap();
    let access = fs::read_to_string(working.path().join("access.jsonl")).unwrap();
    leaks.extend([seen("log", &log), seen("standard output", &said), seen("records", &records)].concat());
    // The path is the one thing of a request's that the access log repeats, and none was planted there.
    leaks.extend(seen("access log", &access));
    assert!(access.lines().count() > 20 && access.contains("/v1/chat/completions"), "{access}");
    assert!(leaks.is_empty(), "{} leaks:\n{}", leaks.len(), leaks.join("\n"));

    // It was loud, and it did all it was asked to.
    for loud in ["\"TRACE\"", "hyper", "h2::", "/v1/chat/completions", "broke_off", "unreachable", "body_too_large"] {
        assert!(log.contains(loud), "{loud} is not in the log");
    }
    for told in
        ["\"act\":\"clarify\"", "\"bypass\":\"malformed\"", "\"bypass\":\"language\"", "\"ending\":\"client_left\""]
    {
        assert!(records.contains(told), "{told} is in no record: {records}");
    }
}
