//! Having the group to ourselves. Being its only member with all partitions, nobody else has any; and whoever joins now gets
//! none before we have answered, and makes a new generation, under which our commits are refused.

use super::{PAUSE, ResetError};
use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::{Duration, Instant};
use wasmill_kafka::{Consumer, GroupEvent, GroupMetadata};
use wasmill_record::{Group, Membership};

/// Beside the session timeout, which a member that has just been killed may cost: the broker's initial delay and more.
const JOIN_TIMEOUT: Duration = Duration::from_secs(30);

const LEAVE_TIMEOUT: Duration = Duration::from_secs(10);

/// Left when it is dropped.
pub(super) struct Tenure {
    consumer: Arc<Consumer>,
    group: String,
}

impl Tenure {
    /// Joins, and waits until the `count` partitions of the first input are ours.
    pub(super) fn join(
        consumer: Arc<Consumer>,
        config: &wasmill_config::Pipeline,
        count: i32,
    ) -> Result<Tenure, ResetError> {
        let tenure = Tenure { consumer, group: config.group.clone() };
        let failed = |message: String| ResetError::Offsets { group: config.group.clone(), message };
        tenure.consumer.subscribe().map_err(|failure| failed(failure.message))?;
        let deadline = Instant::now() + config.session_timeout + JOIN_TIMEOUT;
        let mut ours = BTreeSet::new();
        while ours.len() < usize::try_from(count).unwrap_or(0) {
            if Instant::now() > deadline {
                return Err(tenure.joined());
            }
            match tenure.consumer.poll(PAUSE) {
                None | Some(GroupEvent::Stray { .. }) => {}
                Some(GroupEvent::Assigned(partitions)) => {
                    let mut assigned = partitions.iter().try_for_each(|it| tenure.consumer.forward(*it));
                    // Nothing is to be fetched.
                    assigned = assigned.and_then(|()| tenure.consumer.pause(&partitions));
                    assigned = assigned.and_then(|()| tenure.consumer.assign(&partitions));
                    assigned.map_err(|failure| failed(failure.message))?;
                    ours.extend(partitions);
                }
                Some(GroupEvent::Revoked { partitions, .. }) => {
                    tenure.answer(&partitions);
                    return Err(tenure.joined());
                }
                Some(GroupEvent::Error { message, fatal: true }) => return Err(failed(message)),
                Some(GroupEvent::Error { message, .. }) => tracing::debug!(group = tenure.group, "{message}"),
            }
        }
        Ok(tenure)
    }

    /// The membership to commit under, if it is still all ours.
    pub(super) fn membership(&self) -> Result<GroupMetadata, ResetError> {
        // Also serves callbacks. A handful, between two transactions.
        while let Some(event) = self.consumer.poll(Duration::ZERO) {
            match event {
                GroupEvent::Revoked { partitions, .. } => {
                    self.answer(&partitions);
                    return Err(self.joined());
                }
                GroupEvent::Error { message, fatal: true } => {
                    return Err(ResetError::Offsets { group: self.group.clone(), message });
                }
                // Partitions that were added just now hold nothing of ours.
                GroupEvent::Assigned(_) | GroupEvent::Stray { .. } | GroupEvent::Error { .. } => {}
            }
        }
        let membership = self.consumer.group_metadata();
        if membership.generation() < 0 || !membership.has_member_id() {
            return Err(self.joined());
        }
        Ok(membership)
    }

    pub(super) fn consumer(&self) -> &Arc<Consumer> {
        &self.consumer
    }

    fn joined(&self) -> ResetError {
        ResetError::Joined { group: self.group.clone() }
    }

    fn answer(&self, partitions: &[wasmill_record::InputPartition]) {
        if let Err(failure) = self.consumer.unassign(partitions) {
            tracing::debug!(group = self.group, "{failure}");
        }
    }
}

impl Drop for Tenure {
    fn drop(&mut self) {
        if let Err(failure) = self.consumer.unsubscribe() {
            tracing::debug!(group = self.group, "{failure}");
            return;
        }
        let deadline = Instant::now() + LEAVE_TIMEOUT;
        while Instant::now() < deadline {
            if let Some(GroupEvent::Revoked { partitions, .. }) = self.consumer.poll(PAUSE) {
                self.answer(&partitions);
                return;
            }
        }
    }
}
