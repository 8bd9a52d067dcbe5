//! The arms of an experiment.

use std::fmt;
use std::sync::Arc;

use crate::policy::Policy;

/// The name of the arm that is judged and recorded, and never touched.
pub const CONTROL: &str = "control";

/// One arm: a name, a weight, and what is done in it.
#[derive(Clone)]
pub struct Arm {
    pub(crate) name: Arc<str>,
    pub(super) weight: u32,
    pub(super) policy: Option<Arc<dyn Policy>>,
}

impl Arm {
    /// The arm `control`: what the others would have done is recorded, and nothing is done.
    pub fn control(weight: u32) -> Self {
        Self { name: CONTROL.into(), weight, policy: None }
    }

    /// An arm in which `policy` decides.
    pub fn new(name: &str, weight: u32, policy: impl Policy) -> Self {
        Self { name: name.into(), weight, policy: Some(Arc::new(policy)) }
    }

    /// The name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The weight.
    pub fn weight(&self) -> u32 {
        self.weight
    }

    /// What decides in it; `None` of `control`.
    pub fn policy(&self) -> Option<&dyn Policy> {
        self.policy.as_deref()
    }
}

impl fmt::Debug for Arm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Arm").field("name", &self.name).field("weight", &self.weight).finish_non_exhaustive()
    }
}
