//! Arms through the engine: sticky on every replica, fixed for a conversation, control never touched, ramps that move nobody.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use groundwire::classify::{Classifier, Judging, ModelId};
use groundwire::dialogue::{Conversation, Delivery, Gap, GroundingAct, HeldBack, Id, IdentityKey};
use groundwire::experiment::{Arm, Experiment, Experiments};
use groundwire::layer::RequestBody;
use groundwire::observe::Record;
use groundwire::policy::{Decision, Situation, preset};
use groundwire::{Grounder, GroundingLayer};
use http::{HeaderMap, Request, Response};
use http_body_util::{BodyExt, Full};
use tower::{Layer, ServiceExt, service_fn};

use crate::told::{Records, judgement};

/// A classifier that finds turns with a `?` to need a question, and others not.
struct Marked;

impl Classifier for Marked {
    fn judge(&self, _: Id, conversation: &Conversation<'_>, at: usize) -> Judging {
        let asked = conversation.turns[at].texts().any(|text| text.raw().contains(&b'?'));
        Judging::ready(Ok(Arc::new(judgement(if asked { 0.9 } else { 0.01 }, Gap::VagueGoal))))
    }

    fn model(&self) -> Option<ModelId> {
        None
    }
}

/// What went upstream.
#[derive(Clone, Debug)]
struct Sent {
    headers: HeaderMap,
    body: Bytes,
}

/// One replica: a grounder of its own, what it recorded, and what it sent on.
struct Replica {
    grounder: Grounder,
    records: Records,
    sent: Arc<Mutex<Vec<Sent>>>,
}

fn experiment(name: &str) -> Experiment {
    Experiment::new(name, 1, [Arm::control(50), Arm::new("gentle", 50, preset("gentle").unwrap())])
}

impl Replica {
    fn new(source: &str, experiments: impl IntoIterator<Item = Experiment>) -> Self {
        Self::trusting(source, experiments, true)
    }

    fn trusting(source: &str, experiments: impl IntoIterator<Item = Experiment>, user: bool) -> Self {
        let records = Records::default();
        let experiments = Experiments::new(source.parse().unwrap(), "default", experiments);
        let grounder = Grounder::builder(Marked, preset("off").unwrap())
            .identity_key(IdentityKey::derive(b"0123456789abcdef"))
            .experiments(experiments)
            .configure(|settings| settings.trust_user = user)
            .observer(records.clone())
            .build();
        Self { grounder, records, sent: Arc::default() }
    }

    /// Sends one turn, and returns its record.
    async fn turn(&self, headers: &[(&str, &str)], body: &str) -> Arc<Record> {
        let sent = Arc::clone(&self.sent);
        let llm = service_fn(move |request: Request<RequestBody<Full<Bytes>>>| {
            let sent = Arc::clone(&sent);
            async move {
                let (head, body) = request.into_parts();
                let body = body.collect().await.unwrap_or_else(|_| panic!("the body breaks")).to_bytes();
                sent.lock().unwrap().push(Sent { headers: head.headers, body });
                Ok::<_, Infallible>(Response::new(Full::<Bytes>::from("{}")))
            }
        });
        let service = GroundingLayer::new(self.grounder.clone()).layer(llm);
        let mut request = Request::post("http://llm/v1/chat/completions");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let response = service.oneshot(request.body(Full::from(body.to_owned())).unwrap()).await.unwrap();
        response.into_body().collect().await.unwrap();
        self.records.all().last().unwrap().clone()
    }

    fn sent(&self) -> Sent {
        self.sent.lock().unwrap().last().unwrap().clone()
    }
}

fn body(turns: &[&str]) -> String {
    let turns = turns.iter().enumerate().map(|(i, text)| {
        let role = if i % 2 == 0 { "user" } else { "assistant" };
        serde_json::json!({"role": role, "content": text})
    });
    serde_json::json!({"model": "m", "messages": turns.collect::<Vec<_>>(), "user": "from-the-body"}).to_string()
}

const USER: &str = "x-groundwire-user";

#[tokio::test]
async fn every_replica_puts_a_user_into_the_same_arm_whatever_they_say() {
    let source = "header:x-groundwire-user";
    let (a, b) = (Replica::new(source, [experiment("try")]), Replica::new(source, [experiment("try")]));
    let mut arms: BTreeMap<String, u32> = BTreeMap::new();
    for user in 0..200 {
        let user = format!("user-{user}");
        let first = a.turn(&[(USER, &user)], &body(&["Write something good?"])).await;
        let (arm, unit) = (first.arm.clone().unwrap(), first.unit.unwrap());
        for body in [body(&["Write something good?"]), body(&["Hello.", "Hi.", "And now?"]), body(&["Thanks."])] {
            let again = b.turn(&[(USER, &user)], &body).await;
            assert_eq!((again.arm.clone(), again.unit), (Some(arm.clone()), Some(unit)));
        }
        assert_eq!(first.unit_source.as_deref(), Some(source));
        assert_eq!((first.experiment.as_deref(), first.experiment_version), (Some("try"), Some(1)));
        *arms.entry(arm.to_string()).or_default() += 1;
    }
    // Fixed draws: far from even they are not.
    assert!(arms.values().all(|count| (75..=125).contains(count)), "{arms:?}");
}

#[tokio::test]
async fn control_is_judged_and_recorded_and_never_touched() {
    let replica = Replica::new("header:x-groundwire-user", [experiment("try")]);
    let (mut control, mut treated) = (0, 0);
    let vague = body(&["Write something good?"]);
    for user in 0..40 {
        let record = replica.turn(&[(USER, &user.to_string())], &vague).await;
        assert!(record.triggered, "what triggers is the same in both arms");
        assert_eq!(record.propensity, Some(1.0));
        assert_eq!(record.act, GroundingAct::Clarify, "the shadow decision is recorded");
        if record.arm.as_deref() == Some("control") {
            control += 1;
            assert_eq!(replica.sent().body, vague.as_bytes(), "control goes on byte for byte");
            assert_eq!((record.delivery, record.held_back), (Delivery::Observe, Some(HeldBack::Control)));
            assert_eq!((&*record.policy, record.performed()), ("control", GroundingAct::None));
        } else {
            treated += 1;
            assert!(replica.sent().body.len() > vague.len());
            assert_eq!((&*record.policy, record.performed()), ("gentle", GroundingAct::Clarify));
        }
    }
    assert!(control > 5 && treated > 5, "{control} {treated}");
    let clear = replica.turn(&[(USER, "1")], &body(&["What is two and two."])).await;
    assert!(!clear.triggered && clear.arm.is_some());
}

#[tokio::test]
async fn our_header_is_trusted_where_the_configuration_says_so_and_always_stripped() {
    let vague = body(&["Write something good?"]);
    for trusted in [true, false] {
        let replica = Replica::trusting("header:x-groundwire-user", [experiment("try")], trusted);
        let record = replica.turn(&[(USER, "ada")], &vague).await;
        assert_eq!((record.unit.is_some(), record.arm.is_some()), (trusted, trusted));
        assert!(replica.sent().headers.get(USER).is_none());
    }
    // A header of the application's own goes on.
    let replica = Replica::new("header:x-customer", [experiment("try")]);
    assert!(replica.turn(&[("x-customer", "ada")], &vague).await.arm.is_some());
    assert_eq!(replica.sent().headers["x-customer"], "ada");
}

#[tokio::test]
async fn without_a_unit_nobody_is_enrolled_and_the_policy_decides() {
    let replica = Replica::new("header:x-groundwire-user", [experiment("try")]);
    let vague = body(&["Write something good?"]);
    let two = [(USER, "ada"), (USER, "bob")];
    for headers in [&[][..], &[(USER, "")], &[(USER, "  ")], &two] {
        let record = replica.turn(headers, &vague).await;
        assert_eq!((record.unit, record.arm.clone(), record.propensity), (None, None, None), "{headers:?}");
        assert_eq!(&*record.policy, "off");
        assert_eq!(replica.sent().body, vague.as_bytes());
    }
    assert!(replica.turn(&[(USER, "ada"), (USER, "ada")], &vague).await.arm.is_some());
}

#[tokio::test]
async fn a_unit_can_stand_in_the_body() {
    let replica = Replica::new("body:metadata.user_id", [experiment("try")]);
    let with = |metadata: &str| {
        format!(r#"{{"messages":[{{"role":"user","content":"Write something good?"}}],"metadata":{metadata}}}"#)
    };
    let ada = replica.turn(&[], &with(r#"{"user_id":"ada"}"#)).await;
    let again = replica.turn(&[], &with(r#"{"a":[{"user_id":"x"}],"user_id" : "ada"}"#)).await;
    assert_eq!(ada.unit, again.unit);
    assert_eq!(ada.unit_source.as_deref(), Some("body:metadata.user_id"));
    assert_ne!(replica.turn(&[], &with(r#"{"user_id":17}"#)).await.unit, ada.unit);
    for none in [
        r#"{}"#,
        r#"{"user_id":""}"#,
        r#"{"user_id":null}"#,
        r#"{"user_id":{}}"#,
        r#"{"user_id":"a","user_id":"b"}"#,
        "7",
    ] {
        assert_eq!(replica.turn(&[], &with(none)).await.unit, None, "{none}");
    }
}

#[tokio::test]
async fn a_conversation_keeps_its_arm_from_turn_to_turn() {
    let replica = Replica::new("conversation", [experiment("try")]);
    let mut arms = Vec::new();
    for i in 0..30 {
        let opening = format!("Write number {i}?");
        let first = replica.turn(&[], &body(&[&opening])).await;
        let second = replica.turn(&[], &body(&[&opening, "Which one?", "The first?"])).await;
        assert_eq!(first.unit, first.conversation);
        assert_eq!((&first.arm, first.unit), (&second.arm, second.unit));
        arms.push(first.arm.clone().unwrap().to_string());
    }
    assert!(arms.iter().any(|arm| arm == "control") && arms.iter().any(|arm| arm == "gentle"));
}

#[tokio::test]
async fn a_ramp_takes_in_more_units_and_moves_none() {
    let vague = body(&["Write something good?"]);
    let mut before: BTreeMap<String, Option<Arc<str>>> = BTreeMap::new();
    let mut enrolled = Vec::new();
    for per_cent in [0, 10, 50, 100] {
        let replica = Replica::new("header:x-groundwire-user", [experiment("try").enrol(per_cent)]);
        let mut count = 0;
        for user in 0..200 {
            let user = user.to_string();
            let arm = replica.turn(&[(USER, &user)], &vague).await.arm.clone();
            if let Some(Some(earlier)) = before.get(&user) {
                assert_eq!(arm.as_ref(), Some(earlier), "{user} at {per_cent} %");
            }
            count += u32::from(arm.is_some());
            before.insert(user, arm);
        }
        enrolled.push(count);
    }
    assert_eq!((enrolled[0], enrolled[3]), (0, 200));
    assert!((8..=35).contains(&enrolled[1]) && (75..=125).contains(&enrolled[2]), "{enrolled:?}");
}

#[tokio::test]
async fn experiments_of_one_layer_exclude_each_other() {
    let both = [experiment("one").slice(0, 50), experiment("two").slice(50, 80)];
    let replica = Replica::new("header:x-groundwire-user", both);
    let mut counts: BTreeMap<Option<String>, u32> = BTreeMap::new();
    for user in 0..300 {
        let record = replica.turn(&[(USER, &user.to_string())], &body(&["Hello."])).await;
        *counts.entry(record.experiment.as_deref().map(str::to_owned)).or_default() += 1;
    }
    let of = |name: Option<&str>| counts[&name.map(str::to_owned)];
    assert!((120..=180).contains(&of(Some("one"))) && (65..=115).contains(&of(Some("two"))), "{counts:?}");
    assert!((35..=85).contains(&of(None)), "the rest is in neither: {counts:?}");
}

#[tokio::test]
async fn exploration_is_a_function_of_the_turn_and_its_chances_are_those_recorded() {
    let ask = |situation: &Situation<'_>| match situation.judgement.ambiguity() {
        p if p > 0.5 => Decision {
            act: GroundingAct::Assume,
            delivery: Delivery::Steer,
            force: false,
            gap: None,
            reason: "b".into(),
        },
        _ => Decision::none("clear"),
    };
    let arms = || [Arm::control(20), Arm::new("gentle", 60, preset("gentle").unwrap()), Arm::new("other", 20, ask)];
    let make = || Replica::new("header:x-groundwire-user", [Experiment::new("try", 1, arms()).explore(0.3)]);
    let (a, b) = (make(), make());
    let mut acts: BTreeMap<(GroundingAct, String), u32> = BTreeMap::new();
    let mut gentle = 0;
    for i in 0..600 {
        let (user, text) = (i.to_string(), body(&[&format!("Write number {i}?")]));
        let first = a.turn(&[(USER, &user)], &text).await;
        let again = b.turn(&[(USER, &user)], &text).await;
        assert_eq!((first.act, first.delivery, first.propensity), (again.act, again.delivery, again.propensity));
        let propensity = first.propensity.unwrap();
        match first.arm.as_deref() {
            Some("control") => assert_eq!((propensity, first.performed()), (1.0, GroundingAct::None)),
            Some("gentle") => {
                gentle += 1;
                *acts.entry((first.act, format!("{propensity:.2}"))).or_default() += 1;
            }
            _ => {}
        }
        assert!(first.triggered, "exploring changes nothing about what triggers");
        let clear = a.turn(&[(USER, &user)], &body(&["Hello."])).await;
        assert_eq!(
            (clear.act, clear.propensity),
            (GroundingAct::None, Some(1.0)),
            "what nobody would act on is not explored"
        );
    }
    // .7 + .3 / 3 for its own act, .1 for each of the others.
    let share = |act, propensity: &str| f64::from(acts[&(act, propensity.to_owned())]) / f64::from(gentle);
    assert_eq!(acts.len(), 3, "{acts:?}");
    assert!((share(GroundingAct::Clarify, "0.80") - 0.8).abs() < 0.06, "{acts:?}");
    assert!(
        (share(GroundingAct::Assume, "0.10") - 0.1).abs() < 0.05
            && (share(GroundingAct::None, "0.10") - 0.1).abs() < 0.05
    );
}
