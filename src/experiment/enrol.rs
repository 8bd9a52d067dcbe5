//! The experiments that run at one time, and who is enrolled in which.

use std::sync::Arc;

use http::{HeaderMap, HeaderValue};

use super::assign::Draws;
use super::{Arm, Experiment, UnitSource};
use crate::dialogue::Id;
use crate::policy::{Looks, Policy};

/// The experiments that run at one time. They share one kind of unit and one layer, of which each has a slice of its own, so that no
/// unit is in two.
#[derive(Clone)]
pub struct Experiments {
    source: UnitSource,
    layer: Arc<str>,
    draws: Draws,
    experiments: Vec<Arc<Experiment>>,
    name_of_source: Arc<str>,
}

impl Experiments {
    /// These experiments, which assign units of this kind. `layer` is the salt of the slices: another one deals anew.
    pub fn new(source: UnitSource, layer: &str, experiments: impl IntoIterator<Item = Experiment>) -> Self {
        Self {
            name_of_source: source.to_string().into(),
            source,
            layer: layer.into(),
            draws: Draws::of_layer(layer),
            experiments: experiments.into_iter().map(Arc::new).collect(),
        }
    }

    /// Where units come from.
    pub fn source(&self) -> &UnitSource {
        &self.source
    }

    /// The same in words, as records carry it.
    pub fn source_name(&self) -> &Arc<str> {
        &self.name_of_source
    }

    /// The experiments.
    pub fn experiments(&self) -> &[Arc<Experiment>] {
        &self.experiments
    }

    /// The experiment and the arm that `unit` is in; `None` where it is enrolled in none.
    pub fn assign(&self, unit: &Id) -> Option<Assignment> {
        let place = self.draws.draw(unit)[0].one_of(100);
        let experiment = self.experiments.iter().find(|experiment| {
            let (from, to) = experiment.slice;
            (u64::from(from)..u64::from(to)).contains(&place)
        })?;
        let arm = experiment.arm_of(unit)?;
        Some(Assignment { experiment: Arc::clone(experiment), arm })
    }

    /// The unit in a request's headers, where units come from one. Of values that differ none is to be believed, and an empty one
    /// is none.
    pub fn in_headers(&self, headers: &HeaderMap) -> Option<HeaderValue> {
        let UnitSource::Header(name) = &self.source else { return None };
        let mut values = headers.get_all(name).iter();
        let first = values.next().filter(|value| !value.as_bytes().trim_ascii().is_empty())?;
        values.all(|value| value == first).then(|| first.clone())
    }

    /// The same experiments, with each arm's policy inside of another.
    pub(crate) fn within(&self, around: impl Fn(&Arc<dyn Policy>) -> Arc<dyn Policy>) -> Self {
        let experiments = self.experiments.iter().map(|experiment| Arc::new(experiment.within(&around))).collect();
        Self { experiments, ..self.clone() }
    }

    /// What the policies of all arms look at.
    pub(crate) fn looks(&self) -> Looks {
        let arms = self.experiments.iter().flat_map(|experiment| experiment.arms());
        arms.filter_map(|arm| arm.policy()).map(|policy| policy.looks()).fold(Looks::default(), Looks::and)
    }

    /// Everything that decisions depend on, as text.
    pub(crate) fn definition(&self) -> String {
        let all: Vec<String> = self.experiments.iter().map(|experiment| experiment.definition()).collect();
        format!("{} {} {}", self.name_of_source, self.layer, all.join("\n"))
    }
}

/// The arm that a unit is in.
#[derive(Clone)]
pub struct Assignment {
    /// The experiment.
    pub experiment: Arc<Experiment>,
    /// The position of its arm.
    pub arm: usize,
}

impl Assignment {
    /// The arm.
    pub fn arm(&self) -> &Arm {
        &self.experiment.arms()[self.arm]
    }
}

impl std::fmt::Debug for Assignment {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}@{}: {}", self.experiment.name(), self.experiment.version(), self.arm().name())
    }
}
