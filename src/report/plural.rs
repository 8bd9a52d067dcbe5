//! One of a thing, or several.

/// `1 unit`, `2 units`.
pub(super) fn units(count: u64) -> String {
    format!("{} {}", super::show::count(count), if count == 1 { "unit" } else { "units" })
}
