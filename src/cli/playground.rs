//! The playground of the admin page: the live configuration, asked what it would do with a conversation that somebody types.

use std::future::Future;
use std::sync::Arc;

use bytes::Bytes;
use http::Uri;
use serde::{Deserialize, Serialize};

use super::running::Running;
use super::shape;
use crate::config::Config;
use crate::dialogue::Delivery;
use crate::engine::explain::Explanation;
use crate::policy::{Decision, Looks, PRESETS, Policy, Situation, Trace};

/// Explains by what runs at the moment.
pub(super) struct Playground {
    pub(super) running: Running,
}

/// What is asked.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Asked {
    /// As `groundwire explain` takes it.
    input: String,
    /// A policy by name, in place of the one that serves.
    policy: Option<String>,
    /// How acts are delivered, in place of what the policy says.
    delivery: Option<Delivery>,
    /// The path of the request, in place of the one that its shape tells.
    route: Option<String>,
}

#[derive(Serialize)]
struct Told {
    /// The body that was made of the input.
    sent: String,
    #[serde(flatten)]
    explanation: Explanation,
}

impl Playground {
    /// The explanation as JSON, or what is wrong with the question.
    pub(super) fn explain(
        &self,
        asked: Bytes,
    ) -> impl Future<Output = Result<String, String>> + Send + 'static + use<> {
        let current = self.running.state().current;
        async move {
            let asked: Asked = serde_json::from_slice(&asked).map_err(|e| format!("not what is asked here: {e}"))?;
            let current = current.ok_or("the server is still starting; try again in a moment")?;
            let route = asked.route.as_deref().map(str::trim).filter(|route| !route.is_empty());
            let route = route.map(str::parse::<Uri>).transpose().map_err(|e| format!("route: {e}"))?;
            let request = shape::request(asked.input.as_bytes(), route.as_ref(), &[])?;
            let sent = String::from_utf8_lossy(request.body()).into_owned();
            let wanted = policy(&current.config, asked.policy.as_deref(), asked.delivery)?;
            let (head, body) = request.into_parts();
            // Made anew for each question, so that a reload is seen at once.
            let explanation = current.grounder.rehearsal(wanted).explain(head, body).await;
            serde_json::to_string(&Told { sent, explanation }).map_err(|e| e.to_string())
        }
    }
}

/// The names of all policies that can be asked for, the one that serves first.
pub(super) fn policies(config: &Config) -> Vec<String> {
    let mut names = vec![config.policy.clone()];
    let shipped = PRESETS.into_iter().map(str::to_owned);
    for name in config.policies.keys().cloned().chain(shipped) {
        if !names.contains(&name) {
            names.push(name);
        }
    }
    names
}

/// The policy of this name.
///
/// # Errors
/// If there is none; what there is, is named.
pub(super) fn policy_named(config: &Config, name: &str) -> Result<Arc<dyn Policy>, String> {
    if !policies(config).iter().any(|known| known == name) {
        return Err(format!("there is no policy {name:?}; take one of {}", policies(config).join(", ")));
    }
    Ok(config.policy_named(name))
}

/// The policy to decide by; `None` where that is the one that serves.
fn policy(config: &Config, name: Option<&str>, delivery: Option<Delivery>) -> Result<Option<Arc<dyn Policy>>, String> {
    if name.is_none() && delivery.is_none() {
        return Ok(None);
    }
    let policy = policy_named(config, name.unwrap_or(&config.policy))?;
    Ok(Some(match delivery {
        None => policy,
        Some(delivery) => Arc::new(Delivered { policy, delivery }),
    }))
}

/// A policy whose acts are delivered in one way, whatever it says itself.
struct Delivered {
    policy: Arc<dyn Policy>,
    delivery: Delivery,
}

impl Policy for Delivered {
    fn decide(&self, situation: &Situation<'_>) -> Decision {
        self.decide_traced(situation, &mut Trace::off())
    }

    fn decide_traced(&self, situation: &Situation<'_>, trace: &mut Trace) -> Decision {
        let mut decision = self.policy.decide_traced(situation, trace);
        if !decision.is_none() {
            decision.delivery = self.delivery;
        }
        decision
    }

    fn name(&self) -> &str {
        self.policy.name()
    }

    fn definition(&self) -> String {
        format!("{} by {}", self.policy.definition(), self.delivery)
    }

    fn looks(&self) -> Looks {
        self.policy.looks()
    }
}
