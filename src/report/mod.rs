//! How an experiment stands, for people and for programs: text for a terminal, JSON, and one HTML page that needs nothing else.

mod html;
mod plot;
mod plural;
mod rows;
mod show;
mod text;

pub use html::html;
pub use rows::RowsFile;
pub use text::text;

use crate::experiment::Standing;

/// The standing as JSON: every number behind the text and the page.
///
/// # Errors
/// None that can happen: a standing holds nothing that JSON cannot.
pub fn json(standing: &Standing) -> crate::Result<String> {
    serde_json::to_string_pretty(standing).map_err(|e| crate::Error::io("the standing cannot be written").with(e))
}
