//! A policy as it stands in a configuration: rules, utilities or other policies, and what is put around them.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::{
    Budget, Conditions, Control, Policy, PolicyExt, Rule, RulePolicy, Utility, UtilityPolicy, is_shipped, preset,
};

/// `[policies.NAME]`: one of `rules`, `utility` and `any-of`, and what is put around it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
#[non_exhaustive]
pub struct PolicyTable {
    /// Rules: the first that matches decides.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rules: Option<Vec<Rule>>,
    /// What has the highest expected utility is done.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub utility: Option<Utility>,
    /// Names of policies: the first that does something decides.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub any_of: Option<Vec<String>>,
    /// Nothing is done unless these conditions hold.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub only_if: Option<Conditions>,
    /// It asks only while fewer than this many questions were asked in the conversation.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at_most: Option<usize>,
    /// How often the user may be asked; past it, an assumption is stated.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub budget: Option<Budget>,
    /// Whether what is decided is only recorded.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub control: bool,
    /// The name of a policy whose decision is told beside.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shadow: Option<String>,
}

/// Why a policy cannot be put together.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Unbuildable {
    /// There is no policy of this name; the table and the key that ask for it.
    Unknown {
        /// The policy that asks for it.
        policy: String,
        /// `any-of` or `shadow`.
        key: &'static str,
        /// The name.
        name: String,
    },
    /// These policies name each other in a circle, in this order.
    Circle(Vec<String>),
}

impl PolicyTable {
    /// A table of these rules alone.
    pub fn of_rules(rules: Vec<Rule>) -> Self {
        Self { rules: Some(rules), ..Self::default() }
    }

    /// The names of the policies that it is made of, each with the key it stands under.
    pub fn names(&self) -> impl Iterator<Item = (&'static str, &str)> {
        let any_of = self.any_of.iter().flatten().map(|name| ("any-of", name.as_str()));
        any_of.chain(self.shadow.as_deref().map(|name| ("shadow", name)))
    }
}

/// The policy `name` of `tables`, or else of those that ship.
///
/// # Errors
/// If it, or one that it is made of, is in neither, or is made of itself.
pub fn policy_of(name: &str, tables: &BTreeMap<String, PolicyTable>) -> Result<Arc<dyn Policy>, Unbuildable> {
    let unknown = || Unbuildable::Unknown { policy: name.to_owned(), key: "policy", name: name.to_owned() };
    build(name, tables, &mut Vec::new())?.ok_or_else(unknown)
}

/// `None` where there is no such policy. `within` names the policies that are being put together, outermost first.
fn build(
    name: &str,
    tables: &BTreeMap<String, PolicyTable>,
    within: &mut Vec<String>,
) -> Result<Option<Arc<dyn Policy>>, Unbuildable> {
    // A policy of one's own that takes the place of a shipped one may be made of that.
    let shipped = within.last().is_some_and(|above| above == name) && is_shipped(name);
    let Some(table) = tables.get(name).filter(|_| !shipped) else {
        return Ok(preset(name).map(|policy| Arc::new(policy) as Arc<dyn Policy>));
    };
    if let Some(from) = within.iter().position(|above| above == name) {
        let circle = within[from..].iter().cloned().chain([name.to_owned()]).collect();
        return Err(Unbuildable::Circle(circle));
    }
    within.push(name.to_owned());
    let policy = assemble(name, table, tables, within)?;
    within.pop();
    Ok(Some(policy))
}

fn assemble(
    name: &str,
    table: &PolicyTable,
    tables: &BTreeMap<String, PolicyTable>,
    within: &mut Vec<String>,
) -> Result<Arc<dyn Policy>, Unbuildable> {
    let mut named = |key: &'static str, wanted: &str| {
        let unknown = || Unbuildable::Unknown { policy: name.to_owned(), key, name: wanted.to_owned() };
        build(wanted, tables, within)?.ok_or_else(unknown)
    };
    // That there is one of the three is checked where the file is read; without any, nothing is done.
    let rules = RulePolicy { name: name.to_owned(), rules: table.rules.clone().unwrap_or_default() };
    let mut policy: Arc<dyn Policy> = match (&table.any_of, table.utility) {
        (Some(names), _) => {
            let mut any: Option<Arc<dyn Policy>> = None;
            for wanted in names {
                let next = named("any-of", wanted)?;
                any = Some(match any {
                    None => next,
                    Some(before) => Arc::new(before.or_else(next)),
                });
            }
            any.unwrap_or_else(|| Arc::new(rules))
        }
        (None, Some(utility)) => {
            Arc::new(UtilityPolicy { budget: table.budget.unwrap_or_default(), ..UtilityPolicy::new(name, utility) })
        }
        (None, None) => Arc::new(rules),
    };
    if policy.name() != name {
        policy = Arc::new(policy.named(name));
    }
    if let Some(conditions) = &table.only_if {
        policy = Arc::new(policy.only_if(conditions.clone()));
    }
    if let Some(most) = table.at_most {
        policy = Arc::new(policy.at_most(most));
    }
    // Utilities keep to the budget by themselves: past it they take the next best.
    if let Some(budget) = table.budget.filter(|_| table.utility.is_none()) {
        policy = Arc::new(policy.within(budget));
    }
    if table.control {
        policy = Arc::new(Control::new(policy));
    }
    if let Some(shadow) = &table.shadow {
        policy = Arc::new(policy.shadowed_by(named("shadow", shadow)?));
    }
    Ok(policy)
}
