//! What is said of a panic: where it was, and never what was being looked at.
//!
//! Rust's own report repeats the panic's message, and messages quote values: a slice in the middle of a character quotes the
//! string, `unwrap` quotes the error. Either may be a user's words. Only messages that stand in the source as they are
//! are repeated.

use std::backtrace::{Backtrace, BacktraceStatus};
use std::io::{Write, stderr};
use std::panic::{PanicHookInfo, set_hook};

/// Has panics reported without what they quote, to the log if there is one, else on standard error.
pub fn report_without_text() {
    set_hook(Box::new(|panic| {
        let current = std::thread::current();
        let thread = current.name().unwrap_or("unnamed");
        let place = panic.location().map_or_else(|| "an unknown place".to_owned(), ToString::to_string);
        let message = message(panic);
        // Names of functions and files only; taken where RUST_BACKTRACE asks for it.
        let backtrace = Backtrace::capture();
        let backtrace = (backtrace.status() == BacktraceStatus::Captured).then(|| backtrace.to_string());
        if tracing::dispatcher::has_been_set() {
            tracing::error!(place, thread, backtrace, "panicked: {message}");
        } else {
            // Where standard error is gone there is nobody to tell.
            let backtrace = backtrace.unwrap_or_default();
            let _ = writeln!(stderr(), "thread '{thread}' panicked at {place}: {message}\n{backtrace}");
        }
    }));
}

/// The message, where it is one of the source's own.
fn message<'p>(panic: &'p PanicHookInfo<'_>) -> &'p str {
    // What was put together while the program ran is a `String`.
    panic.payload().downcast_ref::<&'static str>().copied().unwrap_or("(its message may hold text and is withheld)")
}
