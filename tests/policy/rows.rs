//! Runs the tables of `tests/data/policy`.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use groundwire::dialogue::{Delivery, Gap, GroundingAct, Label, UserAct};
use groundwire::policy::{History, PolicyTable, RequestFacts, Rule, Situation, Trace, policy_of};
use groundwire::wire::Dialect;
use serde::Deserialize;

use crate::judged::{conversation, doing, judgement, only};

#[derive(Deserialize)]
struct File {
    case: Vec<Case>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    name: String,
    policy: PolicyTable,
    #[serde(default)]
    policies: BTreeMap<String, PolicyTable>,
    rows: Vec<Row>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Row {
    said: Vec<String>,
    ask: f32,
    assume: f32,
    gap: Gap,
    gaps: Option<Vec<f32>>,
    emotion: f32,
    does: UserAct,
    acts: Option<BTreeMap<UserAct, f32>>,
    /// Places of earlier turns in which the classifier finds distress.
    distressed: Vec<usize>,
    tools: bool,
    unseen: bool,
    route: String,
    domain: Option<String>,
    dialect: Option<String>,
    headers: BTreeMap<String, String>,
    then: GroundingAct,
    by: Option<Delivery>,
    force: Option<bool>,
    reason: Option<String>,
}

impl Default for Row {
    fn default() -> Self {
        Self {
            said: vec!["u Book a table.".to_owned()],
            ask: 0.0,
            assume: 0.0,
            gap: Gap::MissingParameter,
            gaps: None,
            emotion: 0.0,
            does: UserAct::Request,
            acts: None,
            distressed: Vec::new(),
            tools: false,
            unseen: false,
            route: "/v1/chat/completions".to_owned(),
            domain: None,
            dialect: None,
            headers: BTreeMap::new(),
            then: GroundingAct::None,
            by: None,
            force: None,
            reason: None,
        }
    }
}

fn cases() -> Vec<Case> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/policy");
    let mut cases = Vec::new();
    for name in ["conditions", "combined", "presets"] {
        let text = fs::read_to_string(folder.join(format!("{name}.toml"))).unwrap();
        let file: File = toml::from_str(&text).unwrap_or_else(|error| panic!("{name}.toml: {error}"));
        cases.extend(file.case);
    }
    cases
}

#[test]
fn every_row_is_decided_as_it_says() {
    let cases = cases();
    assert!(cases.len() > 50, "{}", cases.len());
    for case in cases {
        let mut tables = case.policies;
        tables.insert("mine".to_owned(), case.policy);
        let policy = policy_of("mine", &tables).unwrap_or_else(|error| panic!("{}: {error:?}", case.name));
        assert_eq!(policy.name(), "mine", "{}", case.name);
        for (i, row) in case.rows.iter().enumerate() {
            let acts = match &row.acts {
                None => only(row.does),
                Some(acts) => UserAct::ALL.iter().map(|act| acts.get(act).copied().unwrap_or(0.0)).collect(),
            };
            let gaps = row.gaps.clone().unwrap_or_else(|| only(row.gap));
            let judgement = judgement(row.ask, row.assume, &gaps, &acts, row.emotion);
            let conversation = conversation(&row.said);
            let mut history = History::before(&conversation, row.said.len() - 1);
            for place in &row.distressed {
                let mut felt = doing(UserAct::FollowUp);
                felt.emotion = 0.9;
                history.learn(*place, &felt);
            }
            let mut request = RequestFacts::NONE;
            request.route.clone_from(&row.route);
            request.domain.clone_from(&row.domain);
            request.dialect = row
                .dialect
                .as_ref()
                .map(|name| *Dialect::ALL.iter().find(|dialect| dialect.as_str() == name).expect("a dialect"));
            request.headers = row.headers.clone().into_iter().collect();
            let situation = Situation::new(&judgement, &history, row.tools, row.unseen).with_request(&request);
            let mut trace = Trace::new();
            let decision = policy.decide_traced(&situation, &mut trace);
            let told = format!("{}, row {}: {decision:?} {:#?}", case.name, i + 1, trace.steps());
            assert_eq!(decision, policy.decide(&situation), "a trace changes nothing: {told}");
            assert_eq!(decision.act, row.then, "{told}");
            if let Some(by) = row.by {
                assert_eq!(decision.delivery, by, "{told}");
            }
            if let Some(force) = row.force {
                assert_eq!(decision.force, force, "{told}");
            }
            if let Some(reason) = &row.reason {
                assert_eq!(decision.reason, *reason, "{told}");
            }
            assert!(!trace.steps().is_empty() || decision.is_none(), "nothing was told: {told}");
        }
    }
}

/// Every key of a rule stands in a case, with a row for which the rule matches and one for which it does not.
#[test]
fn every_condition_has_rows() {
    // The parser lists the keys where one is wrong.
    let error = toml::from_str::<Rule>("no-key = 1").unwrap_err().to_string();
    let keys: BTreeSet<&str> = error.split('`').skip(1).step_by(2).filter(|key| *key != "no-key").collect();
    assert!(keys.len() > 25, "{error}");
    let text = include_str!("../data/policy/conditions.toml");
    for key in keys {
        assert!(text.contains(&format!("{key} = ")), "no case has {key}");
    }
    for case in cases().iter().filter(|case| !case.name.contains([',', ':', ' '])) {
        let acts: BTreeSet<_> = case.rows.iter().map(|row| row.then).collect();
        assert!(acts.len() > 1 || case.name == "off", "{} shows one outcome only", case.name);
    }
}
