//! Whether an experiment can be believed as it is configured: what takes more than one key to tell.

use super::experiment::ExperimentTable;
use super::suggest::nearest;
use super::{Config, TrustedHeader};
use crate::error::{Error, Result};
use crate::experiment::CONTROL;
use crate::policy::PRESETS;

/// Checks what no type can; `blame` makes an error about the value at a path, where a number is a place in a list.
pub(super) fn check(config: &Config, blame: impl Fn(&[&str], &str, &str) -> Error) -> Result<()> {
    let mut seen: Vec<&ExperimentTable> = Vec::new();
    for (path, table) in config.tables() {
        let path: Vec<&str> = path.iter().map(String::as_str).collect();
        let wrong = |key: &str, what: &str, fix: &str| blame(&[&path[..], &[key]].concat(), what, fix);
        arms(config, table, wrong)?;
        numbers(table, wrong)?;
        if table.unit.0.is_trusted_user() && !config.trust_headers.contains(&TrustedHeader::User) {
            let fix = "add \"user\" to `trust-headers`, if only your own application can reach groundwire, or take another unit";
            return Err(wrong("unit", "the unit is in x-groundwire-user, which is not trusted", fix));
        }
        if config.identity_key.is_none() {
            let fix = "add `identity-key = \"env:NAME\"` above the first table";
            return Err(wrong("name", "without `identity-key` every restart would put units into other arms", fix));
        }
        for other in &seen {
            together(table, other, wrong)?;
        }
        seen.push(table);
    }
    Ok(())
}

fn arms(config: &Config, table: &ExperimentTable, wrong: impl Fn(&str, &str, &str) -> Error) -> Result<()> {
    if let Some(name) = table.arms.keys().find(|name| !config.has_policy(name)) {
        let known: Vec<&str> =
            [CONTROL].into_iter().chain(PRESETS).chain(config.policies.keys().map(String::as_str)).collect();
        let fix = match nearest(name, &known) {
            Some(near) => format!("did you mean `{near}`?"),
            None => format!("name `control`, a policy that ships, or add a table [policies.{name}]"),
        };
        return Err(wrong("arms", &format!("there is no policy `{name}` for an arm"), &fix));
    }
    let sum: usize = table.arms.values().map(|weight| weight.get()).sum();
    if sum != 100 || table.arms.len() < 2 {
        let what = match table.arms.len() {
            0 | 1 => "an experiment has two arms or more".to_owned(),
            _ => format!("the weights of the arms add up to {sum}"),
        };
        return Err(wrong("arms", &what, "write weights that add up to 100, such as { control = 50, gentle = 50 }"));
    }
    if !table.arms.contains_key(&table.baseline) {
        let what = format!("`{}`, which the arms are compared with, is none of them", table.baseline);
        return Err(wrong("arms", &what, "add an arm `control`, or name the one to compare with as `baseline`"));
    }
    Ok(())
}

fn numbers(table: &ExperimentTable, wrong: impl Fn(&str, &str, &str) -> Error) -> Result<()> {
    if !(0.0..=0.5).contains(&table.explore) {
        let what = format!("`explore` is {}, which is no share up to a half", table.explore);
        return Err(wrong("explore", &what, "write a number from 0 to 0.5, such as 0.05"));
    }
    if !(1e-6..=0.5).contains(&table.alpha) {
        let what = format!("`alpha` is {}, by which nothing can be concluded", table.alpha);
        return Err(wrong("alpha", &what, "write a number from 0.000001 to 0.5, such as 0.05"));
    }
    if table.window.0.is_zero() {
        return Err(wrong("window", "`window` is no time at all", "write a length of time above zero"));
    }
    if table.primary.is_empty() {
        return Err(wrong(
            "primary",
            "`primary` is empty",
            "write \"resolved\", or the name of an outcome of your own",
        ));
    }
    Ok(())
}

/// Whether two experiments can run side by side.
fn together(table: &ExperimentTable, other: &ExperimentTable, wrong: impl Fn(&str, &str, &str) -> Error) -> Result<()> {
    if table.key().0 == other.key().0 {
        return Err(wrong("name", "two experiments have the same name", "give one of them another name, or remove it"));
    }
    if table.unit != other.unit {
        let what = "experiments at one time assign one kind of unit: of two kinds, one person could be in both";
        return Err(wrong("unit", what, &format!("write \"{}\" in both, or run one after the other", other.unit)));
    }
    if table.layer != other.layer {
        let what = "experiments at one time share one layer: in two, one unit could be in both";
        return Err(wrong("layer", what, &format!("write \"{}\" in both", other.layer)));
    }
    if table.slice.overlaps(other.slice) {
        let what = format!("the slices {} and {} hold the same units", other.slice, table.slice);
        return Err(wrong("slice", &what, "give each its own per cents of the layer, such as \"0-50\" and \"50-100\""));
    }
    Ok(())
}
