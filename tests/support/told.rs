//! What tests of the layer share: an observer that keeps what it is told, and a judgement.

#![allow(dead_code, unreachable_pub, clippy::unwrap_used)]

use std::sync::{Arc, Mutex};

use groundwire::classify::{Judgement, ModelId};
use groundwire::dialogue::{Distribution, Gap, Label, UserAct};
use groundwire::observe::{Observer, Record};

/// Keeps every record. Clones are one.
#[derive(Clone, Default)]
pub struct Records(Arc<Mutex<Vec<Arc<Record>>>>);

impl Observer for Records {
    fn turn(&self, record: &Arc<Record>) {
        self.0.lock().unwrap().push(record.clone());
    }
}

impl Records {
    pub fn all(&self) -> Vec<Arc<Record>> {
        self.0.lock().unwrap().clone()
    }

    /// The record, of which there must be one.
    pub fn only(&self) -> Arc<Record> {
        let [record] = &self.all()[..] else { panic!("one record per turn: {:?}", self.all()) };
        record.clone()
    }
}

/// Of a request that needs a question with this probability, for want of this.
pub fn judgement(ask: f32, gap: Gap) -> Judgement {
    let hot = |n: usize, at: usize| (0..n).map(|i| if i == at { 1.0 } else { 0.0 }).collect::<Vec<f32>>();
    Judgement {
        need: Distribution::new(&[1.0 - ask, 0.0, ask]).unwrap(),
        gap: Distribution::new(&hot(Gap::ALL.len(), gap as usize)).unwrap(),
        user_act: Distribution::new(&hot(UserAct::ALL.len(), UserAct::Request as usize)).unwrap(),
        emotion: 0.0,
        crisis: None,
        tokens: 8,
        model: ModelId::of(&[]),
    }
}
