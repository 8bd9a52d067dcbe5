//! One experiment: a policy made of policies, one for each arm.

use std::sync::Arc;

use super::assign::Draws;
use super::{Arm, Design};
use crate::dialogue::{Delivery, GroundingAct, Id};
use crate::policy::{Decision, Policy, Situation};

/// One version of one experiment: its arms, and who is in which.
#[derive(Clone)]
pub struct Experiment {
    name: Arc<str>,
    version: u32,
    /// By name, so that their order in a file moves nobody.
    arms: Vec<Arm>,
    /// Per cent of its units that are exposed.
    enrol: u8,
    /// The chance that a turn is explored.
    explore: f64,
    /// Per cent of the layer's units, from and to, that are this experiment's.
    pub(super) slice: (u8, u8),
    draws: Draws,
    turns: Draws,
}

impl Experiment {
    /// An experiment that exposes all of its units, explores nothing, and has the layer to itself.
    pub fn new(name: &str, version: u32, arms: impl IntoIterator<Item = Arm>) -> Self {
        let mut arms: Vec<Arm> = arms.into_iter().collect();
        arms.sort_by(|a, b| a.name.cmp(&b.name));
        Self {
            name: name.into(),
            version,
            arms,
            enrol: 100,
            explore: 0.0,
            slice: (0, 100),
            draws: Draws::of_arms(name, version),
            turns: Draws::of_turns(name, version),
        }
    }

    /// Exposes only this many per cent of the units. Raised, it takes in more and moves nobody.
    pub fn enrol(mut self, per_cent: u8) -> Self {
        self.enrol = per_cent.min(100);
        self
    }

    /// Explores this share of the turns on which an arm would act: there one of the decisions of all arms, or to do nothing, is taken by
    /// chance. Cut to 0 … .5. Never in `control`.
    pub fn explore(mut self, share: f64) -> Self {
        self.explore = if share.is_nan() { 0.0 } else { share.clamp(0.0, 0.5) };
        self
    }

    /// Leaves to this experiment only the units of the layer from `from` to `to` per cent.
    pub fn slice(mut self, from: u8, to: u8) -> Self {
        self.slice = (from.min(100), to.min(100));
        self
    }

    /// The name.
    pub fn name(&self) -> &Arc<str> {
        &self.name
    }

    /// The version.
    pub fn version(&self) -> u32 {
        self.version
    }

    /// The arms, by name.
    pub fn arms(&self) -> &[Arm] {
        &self.arms
    }

    /// What an analysis must know of it, with the metrics that ship.
    pub fn design(&self) -> Design {
        Design::new(&*self.name, self.version, self.arms.iter().map(|arm| (arm.name.to_string(), arm.weight)))
    }

    /// The position of the arm that `unit` is in; `None` where it is not exposed.
    pub fn arm_of(&self, unit: &Id) -> Option<usize> {
        let [arm, enrolment] = self.draws.draw(unit);
        if enrolment.one_of(100) >= u64::from(self.enrol) {
            return None;
        }
        let total = self.arms.iter().map(|arm| u64::from(arm.weight)).sum();
        let mut at = arm.one_of(total);
        self.arms.iter().position(|arm| {
            let here = at < u64::from(arm.weight);
            at = at.saturating_sub(u64::from(arm.weight));
            here
        })
    }

    /// What is done about a turn of a unit in the arm at `arm`.
    ///
    /// Every arm's policy decides, in every arm, so that what triggers is the same whichever arm a unit is in. `free` says
    /// whether an act would be performed: what is only observed is not explored.
    pub fn decide(&self, arm: usize, turn: &Id, situation: &Situation<'_>, free: bool) -> Split {
        let decisions: Vec<Option<Decision>> =
            self.arms.iter().map(|arm| arm.policy.as_ref().map(|policy| policy.decide(situation))).collect();
        let acts = |decision: &&Decision| !decision.is_none();
        let would_act = decisions.iter().flatten().find(acts).cloned();
        let triggered = would_act.is_some();
        let Some(own) = decisions.get(arm).cloned().flatten() else {
            // Control: what another arm would have done, in the order of their names.
            let shadow = would_act.unwrap_or_else(|| Decision::none("no arm would act"));
            let decision = Decision { delivery: Delivery::Observe, ..shadow };
            return Split { decision, triggered, propensity: 1.0, control: true };
        };
        if !triggered || !free || self.explore == 0.0 {
            return Split { decision: own, triggered, propensity: 1.0, control: false };
        }
        self.explored(own, decisions, turn)
    }

    /// The arm's own decision or, by chance, one of those that any arm would make, or none. The chance is a pure function of the turn.
    fn explored(&self, own: Decision, decisions: Vec<Option<Decision>>, turn: &Id) -> Split {
        let mut choices: Vec<Decision> = vec![Decision::none("explored: nothing is done")];
        let like = |a: &Decision, b: &Decision| {
            a.act == b.act
                && (a.act == GroundingAct::None || (a.delivery, a.force, a.gap) == (b.delivery, b.force, b.gap))
        };
        for decision in decisions.into_iter().flatten() {
            if !choices.iter().any(|choice| like(choice, &decision)) {
                choices.push(decision);
            }
        }
        let [whether, which] = self.turns.draw(turn);
        let count = choices.len() as f64;
        let decision = match whether.below(self.explore) {
            false => own.clone(),
            true => {
                let at = usize::try_from(which.one_of(choices.len() as u64)).unwrap_or(0);
                let chosen = choices.swap_remove(at);
                // What the arm would have done anyway keeps its own reason.
                if like(&chosen, &own) { own.clone() } else { chosen }
            }
        };
        let mine = if like(&decision, &own) { 1.0 - self.explore } else { 0.0 };
        Split { triggered: true, propensity: mine + self.explore / count, control: false, decision }
    }

    /// The same experiment, with each arm's policy inside of another.
    pub(crate) fn within(&self, around: impl Fn(&Arc<dyn Policy>) -> Arc<dyn Policy>) -> Self {
        let mut experiment = self.clone();
        for policy in experiment.arms.iter_mut().filter_map(|arm| arm.policy.as_mut()) {
            *policy = around(policy);
        }
        experiment
    }

    /// Everything that assignment and decisions depend on but exposure, as text.
    pub(crate) fn definition(&self) -> String {
        let arms = self.arms.iter().map(|arm| {
            let policy = arm.policy.as_ref().map(|policy| policy.definition()).unwrap_or_default();
            format!("{}={} {policy}", arm.name, arm.weight)
        });
        let arms: Vec<String> = arms.collect();
        format!("{}@{} {:?} explore {} {}", self.name, self.version, self.slice, self.explore, arms.join("; "))
    }
}

/// What is done about a turn of an enrolled unit.
#[derive(Clone, Debug, PartialEq)]
pub struct Split {
    /// What is decided; in `control` the shadow of what another arm would have done.
    pub decision: Decision,
    /// Whether any arm's policy would act. It is computed alike in every arm.
    pub triggered: bool,
    /// The chance with which this was decided, given the arm; 1 where nothing was left to chance.
    pub propensity: f64,
    /// Whether this is `control`, where nothing is performed.
    pub control: bool,
}
