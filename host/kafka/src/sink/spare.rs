//! A producer client that waits to replace the one in use.
//!
//! `init_transactions` takes 3 ms on a client that has its connections, and half a second on a new one.

use crate::error::KafkaError;
use crate::outlet::{Outlet, OutputTopics};
use crate::producer::{Producer, ProducerSettings};
use std::sync::Arc;

/// A client and its topic handles.
pub(super) struct Client {
    // Handles are destroyed before the client that they belong to.
    pub(super) outlet: Outlet,
    pub(super) producer: Arc<Producer>,
}

pub(super) struct Spares {
    settings: ProducerSettings,
    topics: Arc<OutputTopics>,
    next: Option<Client>,
}

impl Spares {
    pub(super) fn new(settings: ProducerSettings, topics: Arc<OutputTopics>) -> Spares {
        Spares { settings, topics, next: None }
    }

    /// The client that waited, or a new one.
    pub(super) fn take(&mut self) -> Result<Client, KafkaError> {
        match self.next.take() {
            Some(client) => Ok(client),
            None => self.create(),
        }
    }

    /// Puts a client to wait, if none does. A failure is told when it is needed.
    pub(super) fn refill(&mut self) {
        if self.next.is_none() {
            self.next = self.create().inspect_err(|error| tracing::warn!("no spare producer: {error}")).ok();
        }
    }

    fn create(&self) -> Result<Client, KafkaError> {
        let producer = Producer::new(&self.settings)?;
        Ok(Client { outlet: Outlet::new(&producer, &self.topics)?, producer: Arc::new(producer) })
    }
}
