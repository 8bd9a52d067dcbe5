//! The access log: a line for each request once its response is over.
//!
//! No query, no header but the two identifiers that are checked for what they may hold, no word of a body. The line waits
//! in a bounded queue for a thread that writes; where that is full it is dropped and counted.

use std::fmt;
use std::io::{IsTerminal, Write, stdout};
use std::path::Path;
use std::time::{Instant, SystemTime};

use http::{HeaderMap, Method, Uri};
use serde::Serialize;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;
use tracing_appender::non_blocking::{NonBlocking, NonBlockingBuilder, WorkerGuard};

use crate::dialogue::{Bypass, GroundingAct, Id};
use crate::error::Result;
use crate::layer::Witness;
use crate::observe::{Appended, Reopen, trace};
use std::sync::Arc;

/// Lines that may wait to be written, of some 300 bytes each.
const QUEUE: usize = 8192;

/// Writes a line for each request. Clones are one; what waits is written when the last one is dropped.
#[derive(Clone)]
pub struct AccessLog {
    lines: NonBlocking,
    pretty: bool,
    _writes: Arc<WorkerGuard>,
}

impl AccessLog {
    /// To standard output: as JSON, or for people where `pretty` says so or, if it says nothing, on a terminal.
    pub fn to_stdout(pretty: Option<bool>) -> Self {
        Self::to(stdout(), pretty.unwrap_or_else(|| stdout().is_terminal()))
    }

    /// To the end of the file at `path`: as JSON, unless `pretty` says otherwise. It is opened anew when `reopen` is asked.
    ///
    /// # Errors
    /// If the file cannot be opened for appending.
    pub fn to_file(path: &Path, pretty: Option<bool>, reopen: Reopen) -> Result<Self> {
        Ok(Self::to(Appended::open(path, reopen)?, pretty.unwrap_or(false)))
    }

    fn to(sink: impl Write + Send + 'static, pretty: bool) -> Self {
        let builder = NonBlockingBuilder::default().lossy(true).buffered_lines_limit(QUEUE);
        let (lines, guard) = builder.thread_name("groundwire-access").finish(sink);
        Self { lines, pretty, _writes: Arc::new(guard) }
    }

    /// Lines that were dropped because the queue was full.
    pub fn dropped(&self) -> usize {
        self.lines.error_counter().dropped_lines()
    }

    fn write(&self, line: &Line<'_>) {
        let mut text = if self.pretty {
            line.to_string().into_bytes()
        } else {
            // Nothing in a line can fail to be written as JSON.
            serde_json::to_vec(line).unwrap_or_default()
        };
        text.push(b'\n');
        // A full queue is counted by the queue, and no other error comes from it.
        let _ = self.lines.clone().write_all(&text);
    }
}

impl fmt::Debug for AccessLog {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AccessLog").field("pretty", &self.pretty).finish_non_exhaustive()
    }
}

/// A request that will have its line; the line is written when this is dropped, with the response.
pub(super) struct Entry {
    log: AccessLog,
    time: SystemTime,
    accepted: Instant,
    method: Method,
    uri: Uri,
    request_id: Option<String>,
    traceparent: Option<String>,
    witness: Witness,
    /// 0 until there is a response.
    status: u16,
    bytes: u64,
}

impl Entry {
    pub(super) fn new(log: AccessLog, accepted: Instant, method: &Method, uri: &Uri, headers: &HeaderMap) -> Self {
        Self {
            log,
            time: SystemTime::now(),
            accepted,
            method: method.clone(),
            uri: uri.clone(),
            request_id: trace::request_id(headers).map(str::to_owned),
            traceparent: trace::traceparent(headers).map(str::to_owned),
            witness: Witness::default(),
            status: 0,
            bytes: 0,
        }
    }

    /// Who is told what became of the request.
    pub(super) fn witness(&self) -> Witness {
        self.witness.clone()
    }

    pub(super) fn answered(&mut self, status: u16) {
        self.status = status;
    }

    pub(super) fn sent(&mut self, bytes: usize) {
        self.bytes += bytes as u64;
    }
}

impl Drop for Entry {
    fn drop(&mut self) {
        let noted = self.witness.noted();
        let micros = self.accepted.elapsed().as_micros();
        self.log.write(&Line {
            time: OffsetDateTime::from(self.time).format(&Rfc3339).unwrap_or_default(),
            method: self.method.as_str(),
            path: self.uri.path(),
            status: self.status,
            bytes: self.bytes,
            millis: micros as f64 / 1000.0,
            act: noted.map(|noted| noted.act),
            bypass: noted.and_then(|noted| noted.bypass),
            turn: noted.and_then(|noted| noted.turn),
            request_id: self.request_id.as_deref(),
            traceparent: self.traceparent.as_deref(),
        });
    }
}

#[derive(Serialize)]
struct Line<'a> {
    time: String,
    method: &'a str,
    path: &'a str,
    status: u16,
    bytes: u64,
    millis: f64,
    act: Option<GroundingAct>,
    bypass: Option<Bypass>,
    turn: Option<Id>,
    request_id: Option<&'a str>,
    traceparent: Option<&'a str>,
}

impl fmt::Display for Line<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { time, method, path, status, bytes, millis, .. } = self;
        write!(f, "{time} {method} {path} {status} {bytes}B {millis:.1}ms")?;
        if let Some(act) = self.act.filter(|act| *act != GroundingAct::None) {
            write!(f, " act={}", act.as_str())?;
        }
        if let Some(bypass) = self.bypass {
            write!(f, " bypass={bypass}")?;
        }
        if let Some(id) = self.request_id {
            write!(f, " id={id}")?;
        }
        if let Some(traceparent) = self.traceparent {
            write!(f, " traceparent={traceparent}")?;
        }
        Ok(())
    }
}
