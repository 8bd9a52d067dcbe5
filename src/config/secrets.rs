//! Whether the keys of upstreams are where the configuration says, told with the line that says so.

use super::blame::Source;
use super::{Config, KeySource};
use crate::error::Result;

/// Looks for every key that an upstream is given.
pub(super) fn check(config: &Config, source: Source<'_>) -> Result<()> {
    let there = |path: &[&str], key: Option<&KeySource>| match key.map(KeySource::read) {
        Some(Err(absent)) => Err(source.blame_at(path, &absent.what, &absent.fix)),
        _ => Ok(()),
    };
    there(&["upstream-key"], config.upstream_key.as_ref())?;
    there(&["store", "url"], config.store.url.named())?;
    there(&["feedback", "token"], config.feedback.token.as_ref())?;
    for (i, route) in config.upstreams.iter().enumerate() {
        there(&["upstreams", &i.to_string(), "key"], route.key.as_ref())?;
    }
    Ok(())
}
