//! Playing turns: the real proxy on a loopback port, a client in front of it, and eyes behind it.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::header::{AUTHORIZATION, CONTENT_TYPE};
use http::{HeaderValue, Request};
use http_body_util::{BodyExt, Full};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use serde_json::Value;
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinHandle;
use tower_layer::Layer;

use super::recorder::{Forwarded, Recorder};
use super::script::{Kind, Step};
use crate::config::{Config, Overrides, UpstreamUrl};
use crate::engine::GrounderBuilder;
use crate::error::{Error, Result};
use crate::layer::GroundingLayer;
use crate::observe::{Observer, Record};
use crate::proxy::{Server, Upstream};
use crate::wire::{Dialect, ResponseReader};

/// How long the record of a finished exchange is waited for.
const PATIENCE: Duration = Duration::from_secs(10);

/// A played turn.
#[derive(Debug)]
pub(super) struct Played {
    pub(super) label: String,
    /// What the user said.
    pub(super) user: String,
    /// The body that the client sent.
    pub(super) sent: Bytes,
    /// The body that went on; `None` where nothing did.
    pub(super) forwarded: Option<Bytes>,
    pub(super) record: Arc<Record>,
    pub(super) status: u16,
    /// The reply's text, or the whole body of what is no reply.
    pub(super) text: String,
}

/// The proxy and its client.
pub(super) struct Player {
    client: Client<HttpConnector, Full<Bytes>>,
    url: String,
    key: Option<HeaderValue>,
    model: String,
    forwarded: Forwarded,
    records: mpsc::UnboundedReceiver<Arc<Record>>,
    /// The messages of the conversation that goes on, as JSON objects.
    history: Vec<String>,
    stop: oneshot::Sender<()>,
    server: JoinHandle<()>,
}

struct Tell(mpsc::UnboundedSender<Arc<Record>>);

impl Observer for Tell {
    fn turn(&self, record: &Arc<Record>) {
        // The player may have stopped.
        let _ = self.0.send(Arc::clone(record));
    }
}

impl Player {
    pub(super) async fn start(
        grounder: GrounderBuilder,
        upstream: UpstreamUrl,
        scripted: bool,
        model: String,
    ) -> Result<Self> {
        // The scripted upstream is in this process, where no forward proxy leads.
        let proxy = if scripted { "off" } else { "env" };
        let settings = format!("listen = \"127.0.0.1:0\"\nadmin = \"off\"\nupstream-proxy = \"{proxy}\"");
        let overrides = Overrides { upstream: Some(upstream), ..Overrides::default() };
        let config = Config::from_toml(&settings, "the demonstration's settings", &overrides)?;
        let (tell, records) = mpsc::unbounded_channel();
        let grounder = grounder.observer(Tell(tell)).build();
        let forwarded = Forwarded::default();
        let service = GroundingLayer::new(grounder).layer(Recorder::new(Upstream::new(&config)?, forwarded.clone()));
        let server = Server::bind(&config)?;
        let url = format!("http://{}/v1/chat/completions", server.address());
        let (stop, stopped) = oneshot::channel();
        let server = tokio::spawn(server.run(service, async {
            let _ = stopped.await;
        }));
        let key = std::env::var("OPENAI_API_KEY").ok().and_then(|key| {
            let mut value = HeaderValue::try_from(format!("Bearer {key}")).ok()?;
            value.set_sensitive(true);
            Some(value)
        });
        let client = Client::builder(TokioExecutor::new()).build_http();
        Ok(Self { client, url, key, model, forwarded, records, history: Vec::new(), stop, server })
    }

    /// Plays one turn and waits for all that is to be shown of it.
    pub(super) async fn play(&mut self, step: Step) -> Result<Played> {
        let sent = self.body(&step.kind);
        let user = last_text(&sent);
        let failed = |what: &str| Error::io(format!("{}: {what}", step.label));
        let mut request = Request::post(&self.url).header(CONTENT_TYPE, "application/json");
        if let Some(key) = &self.key {
            request = request.header(AUTHORIZATION, key);
        }
        let request =
            request.body(Full::new(sent.clone())).map_err(|e| failed("the request cannot be made").with(e))?;
        let response = self.client.request(request).await.map_err(|e| failed("the proxy did not answer").with(e))?;
        let (head, body) = response.into_parts();
        let body = body.collect().await.map_err(|e| failed("the response broke off").with(e))?.to_bytes();
        let record = tokio::time::timeout(PATIENCE, self.records.recv()).await.ok().flatten();
        let record = record.ok_or_else(|| failed("the exchange left no record"))?;
        let mut reader = ResponseReader::new(Dialect::OpenAiChat, head.status, &head.headers);
        reader.feed(&body);
        let said = reader.finish().text;
        let mut text = [said.head(), if said.is_cut() { " … " } else { "" }, said.tail()].concat();
        if text.is_empty() {
            text = String::from_utf8_lossy(&body).into_owned();
        }
        if matches!(step.kind, Kind::Open(_) | Kind::Continue(_)) {
            self.history.push(message("assistant", &text));
        }
        let forwarded = self.forwarded.take();
        Ok(Played { label: step.label, user, sent, forwarded, record, status: head.status.as_u16(), text })
    }

    /// Ends the proxy.
    pub(super) async fn stop(self) {
        drop(self.client);
        // It may have ended by itself.
        let _ = self.stop.send(());
        let _ = self.server.await;
    }

    fn body(&mut self, kind: &Kind) -> Bytes {
        let model = Value::from(self.model.as_str());
        let body = match kind {
            Kind::Body(body) => return Bytes::from(body.clone()),
            // Never played; nothing is sent for it.
            Kind::Wrong { .. } => return Bytes::new(),
            Kind::Messages(messages) => format!(r#"{{"model":{model},"messages":{messages}}}"#),
            Kind::Machine(text) => format!(
                concat!(
                    r#"{{"model":{},"messages":[{}],"response_format":{{"type":"json_schema","json_schema":{{"name":"booking","#,
                    r#""schema":{{"type":"object","properties":{{"restaurant":{{"type":"string"}},"guests":{{"type":"integer"}}}}}}}}}}}}"#
                ),
                model,
                message("user", text)
            ),
            Kind::Open(text) | Kind::Continue(text) => {
                if matches!(kind, Kind::Open(_)) {
                    self.history.clear();
                }
                self.history.push(message("user", text));
                format!(r#"{{"model":{model},"messages":[{}]}}"#, self.history.join(","))
            }
        };
        body.into()
    }
}

fn message(role: &str, text: &str) -> String {
    format!(r#"{{"role":"{role}","content":{}}}"#, Value::from(text))
}

/// The text of the last message of a body, for show.
fn last_text(body: &[u8]) -> String {
    let Ok(call) = Dialect::OpenAiChat.read(body) else { return String::from_utf8_lossy(body).into_owned() };
    let texts = call.conversation.turns.last().into_iter().flat_map(|turn| turn.texts().collect::<Vec<_>>());
    texts.filter_map(|text| text.decode().map(|text| text.into_owned())).collect::<Vec<_>>().join("\n")
}
