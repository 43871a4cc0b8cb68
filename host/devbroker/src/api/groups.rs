//! The seam to the group coordinator: who coordinates the group, whether a partition exists, and whether a producer is
//! the present one of its transaction. Everything else about groups is in [`crate::group`].

use kafka_protocol::ResponseError;
use kafka_protocol::messages::{RequestKind, TxnOffsetCommitRequest};
use tokio::sync::oneshot;

use super::refusal;
use super::subject::Subject;
use crate::clock::Moment;
use crate::cluster::Coordinated;
use crate::core::{Caller, Core, Reply, Waiter};
use crate::group::{self, Answers};

impl Core {
    pub(super) fn group_request(&mut self, caller: &Caller, request: RequestKind, now: Moment) -> Reply {
        if let Err(error) = self.admit_group_request(caller, &request) {
            return match refusal::answer(&request, caller.version, error) {
                Some(answer) => Reply::Now(answer),
                None => Reply::Nothing,
            };
        }
        let (waiter, answer) = oneshot::channel();
        let mut answers = Answers::new();
        let positions = match &request {
            RequestKind::TxnOffsetCommit(it) => Some((it.group_id.to_string(), (it.producer_id.0, it.producer_epoch))),
            _ => None,
        };
        self.ask_groups(caller, request, waiter, now, &mut answers);
        if let Some((group, producer)) = positions
            && self.groups.has_pending(&group, producer.0)
        {
            self.position_is_pending(&group, producer, now.wall_ms);
        }
        self.answers.append(&mut answers);
        Reply::Later(answer)
    }

    fn admit_group_request(&mut self, caller: &Caller, request: &RequestKind) -> Result<(), ResponseError> {
        let is_elsewhere =
            |group: &&str| self.cluster.coordinator(&Coordinated::Group((*group).to_owned())) != caller.node;
        // Of a request for many groups, one that is elsewhere refuses all: clients ask each coordinator for its own.
        if Subject::of(request).groups.iter().any(is_elsewhere) {
            return Err(ResponseError::NotCoordinator);
        }
        match request {
            RequestKind::TxnOffsetCommit(it) => self.admit_positions(it),
            _ => Ok(()),
        }
    }

    fn admit_positions(&mut self, request: &TxnOffsetCommitRequest) -> Result<(), ResponseError> {
        self.may_commit_offsets(request)
    }

    fn ask_groups(
        &mut self,
        caller: &Caller,
        request: RequestKind,
        waiter: Waiter,
        now: Moment,
        out: &mut Answers<Waiter>,
    ) {
        let from =
            group::Caller { version: caller.version, client_id: &caller.client_id, client_host: &caller.client_host };
        let (groups, cluster, now) = (&mut self.groups, &self.cluster, now.monotonic_ms);
        let exists = |topic: &str, index: i32| cluster.partition(topic, index).is_ok();
        match request {
            RequestKind::JoinGroup(it) => groups.join_group(waiter, from, it, now, out),
            RequestKind::SyncGroup(it) => groups.sync_group(waiter, &it, now, out),
            RequestKind::Heartbeat(it) => groups.heartbeat(waiter, &it, now, out),
            RequestKind::LeaveGroup(it) => groups.leave_group(waiter, from, &it, now, out),
            RequestKind::OffsetCommit(it) => groups.offset_commit(waiter, from, &it, &exists, now, out),
            RequestKind::TxnOffsetCommit(it) => groups.txn_offset_commit(waiter, &it, &exists, now, out),
            RequestKind::OffsetFetch(it) => groups.offset_fetch(waiter, from, &it, out),
            RequestKind::DescribeGroups(it) => groups.describe_groups(waiter, from, &it, out),
            RequestKind::ListGroups(it) => groups.list_groups(waiter, &it, out),
            RequestKind::DeleteGroups(it) => groups.delete_groups(waiter, &it, out),
            RequestKind::OffsetDelete(it) => groups.offset_delete(waiter, &it, &exists, out),
            // The table of APIs lets nothing else through; a dropped waiter closes the connection.
            _ => drop(waiter),
        }
    }
}
