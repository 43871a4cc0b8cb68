//! What a worker hears when it asks about its topics.

use crate::world::{Call, World};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use wasmill_pipeline::watch::{AskTopics, Look};

pub struct MemoryTopics {
    world: Arc<Mutex<World>>,
    asked: bool,
}

impl MemoryTopics {
    pub fn new(world: Arc<Mutex<World>>) -> MemoryTopics {
        MemoryTopics { world, asked: false }
    }
}

impl AskTopics for MemoryTopics {
    fn ask(&mut self) {
        let mut world = self.world.lock().unwrap_or_else(PoisonError::into_inner);
        if world.calls.last() != Some(&Call::Drain) && world.calls.last() != Some(&Call::Send) {
            world.violation("topics were asked about before everything was acknowledged");
        }
        self.asked = true;
    }

    fn answer(&mut self, _timeout: Duration) -> Look {
        let mut world = self.world.lock().unwrap_or_else(PoisonError::into_inner);
        if !std::mem::take(&mut self.asked) && world.calls.last() != Some(&Call::Look) {
            world.violation("an answer without a question");
        }
        let fault = world.call(Call::Look);
        match (fault.failure, &world.changed) {
            (Some(failure), _) => Look::Unknown { message: failure.message },
            (None, Some((topic, what))) => Look::Changed { topic: topic.clone(), what: what.clone() },
            (None, None) => Look::Same,
        }
    }
}
