//! Random histories: whatever clients do and in whatever order, the books stay sound and nobody is forgotten.

use std::collections::{BTreeMap, BTreeSet};

use kafka_protocol::messages::LeaveGroupRequest;
use kafka_protocol::messages::leave_group_request::MemberIdentity;
use proptest::prelude::*;

use super::super::membership::State;
use super::*;

/// Clients are numbered; each remembers the id and the generation it was last told.
#[derive(Clone, Debug)]
enum Act {
    Join { client: usize, version: i16, topics: usize },
    Sync { client: usize },
    Heartbeat { client: usize },
    Leave { client: usize },
    Forget { client: usize },
    Commit { client: usize, offset: i64 },
    TxnCommit { client: usize, producer: i64, offset: i64, dead: bool },
    End { producer: i64, commit: bool },
    Move,
    Pass { ms: i64 },
}

/// The first ones are static members.
const STATIC: usize = 2;
const CLIENTS: usize = 5;

fn act() -> impl Strategy<Value = Act> {
    let client = 0..CLIENTS;
    prop_oneof![
        5 => (client.clone(), prop_oneof![Just(3), Just(9)], 0..2usize)
            .prop_map(|(client, version, topics)| Act::Join { client, version, topics }),
        5 => client.clone().prop_map(|client| Act::Sync { client }),
        2 => client.clone().prop_map(|client| Act::Heartbeat { client }),
        1 => client.clone().prop_map(|client| Act::Leave { client }),
        1 => client.clone().prop_map(|client| Act::Forget { client }),
        2 => (client.clone(), 0..1000i64).prop_map(|(client, offset)| Act::Commit { client, offset }),
        3 => (client, 1..3i64, 0..1000i64, any::<bool>())
            .prop_map(|(client, producer, offset, dead)| Act::TxnCommit { client, producer, offset, dead }),
        2 => (1..3i64, any::<bool>()).prop_map(|(producer, commit)| Act::End { producer, commit }),
        1 => Just(Act::Move),
        3 => prop_oneof![0..50i64, 0..20_000i64].prop_map(|ms| Act::Pass { ms }),
    ]
}

#[derive(Default)]
struct Client {
    id: String,
    generation: i32,
}

struct History {
    bench: Bench,
    clients: Vec<Client>,
    /// Requests that have no answer yet, and whose they are.
    open: BTreeMap<u32, usize>,
    answered: BTreeSet<u32>,
    /// The position of the one partition, and what each producer would make it, each with the order it was written in.
    committed: Option<(u64, i64)>,
    pending: BTreeMap<i64, (u64, i64)>,
    written: u64,
    /// Generation and members when the last one began.
    generation: i32,
}

impl History {
    fn new() -> Self {
        let bench = Bench::new(Options { initial_rebalance_delay_ms: 1000, group_size_max: 4, ..Options::default() });
        Self {
            bench,
            clients: (0..CLIENTS).map(|_| Client::default()).collect(),
            open: BTreeMap::new(),
            answered: BTreeSet::new(),
            committed: None,
            pending: BTreeMap::new(),
            written: 0,
            generation: 0,
        }
    }

    fn carry_out(&mut self, act: &Act) {
        match *act {
            Act::Join { client, version, topics } => {
                let mut request = join(&self.clients[client].id, &[("range", &["t", "u"][..=topics])]);
                request.group_instance_id = (client < STATIC).then(|| text(&format!("instance-{client}")));
                let asked = self.bench.send_join(version, request);
                self.open.insert(asked, client);
            }
            Act::Sync { client } => {
                let Client { id, generation } = &self.clients[client];
                let asked = self.bench.send_sync(id, *generation, &[(id, "mine")]);
                self.open.insert(asked, client);
            }
            Act::Heartbeat { client } => {
                _ = self.bench.heartbeat(&self.clients[client].id, self.clients[client].generation);
            }
            Act::Leave { client } => self.leave(client),
            Act::Forget { client } => self.clients[client] = Client::default(),
            Act::Commit { client, offset } => {
                let Client { id, generation } = &self.clients[client];
                if self.bench.commit(7, id, *generation, "t", offset) == NONE {
                    self.written += 1;
                    self.committed = Some((self.written, offset));
                }
            }
            Act::TxnCommit { client, producer, offset, dead } => {
                let Client { id, generation } = &self.clients[client];
                let (id, generation) = if dead { ("", -1) } else { (id.as_str(), *generation) };
                let error = self.bench.txn_commit(producer, id, generation, "t", offset);
                assert!(!dead || error == NONE, "without a name a transactional commit always passes");
                if error == NONE {
                    self.written += 1;
                    self.pending.insert(producer, (self.written, offset));
                }
            }
            Act::End { producer, commit } => {
                self.bench.groups.complete_transaction(GROUP, producer, commit);
                if let Some(written) = self.pending.remove(&producer).filter(|_| commit) {
                    self.committed = self.committed.max(Some(written));
                }
            }
            Act::Move => self.bench.groups.moved(GROUP, self.bench.now, &mut self.bench.out),
            Act::Pass { ms } => self.bench.tick(ms),
        }
    }

    fn leave(&mut self, client: usize) {
        let member = MemberIdentity::default().with_member_id(text(&self.clients[client].id));
        let request = LeaveGroupRequest::default().with_group_id(GroupId(text(GROUP))).with_members(vec![member]);
        let asked = self.bench.next();
        self.bench.groups.leave_group(asked, caller(5), &request, self.bench.now, &mut self.bench.out);
        let left = |answer| if let ResponseKind::LeaveGroup(answer) = answer { Some(answer) } else { None };
        self.bench.answer(asked, left).expect("an answer at once");
    }

    /// Takes the answers in: each belongs to a request that had none.
    fn listen(&mut self) {
        for (asked, answer) in std::mem::take(&mut self.bench.out) {
            assert!(self.answered.insert(asked), "request {asked} is answered twice");
            let client = self.open.remove(&asked).expect("an answer to a request that is open");
            if let ResponseKind::JoinGroup(answer) = answer {
                let names_a_member = [NONE, ResponseError::MemberIdRequired.code()].contains(&answer.error_code);
                if names_a_member {
                    self.clients[client].id = answer.member_id.to_string();
                }
                if answer.error_code == NONE {
                    self.clients[client].generation = answer.generation_id;
                    assert!(answer.generation_id <= self.group().map_or(0, |group| group.generation));
                } else if answer.error_code == ResponseError::UnknownMemberId.code() {
                    self.clients[client] = Client::default();
                }
            }
        }
    }

    fn group(&self) -> Option<&super::super::membership::Group<u32>> {
        self.bench.groups.groups.get(GROUP)
    }

    fn check(&mut self) {
        let expected = match (self.pending.is_empty(), self.committed) {
            (false, _) => (-1, ResponseError::UnstableOffsetCommit.code()),
            (true, committed) => (committed.map_or(-1, |(_, offset)| offset), NONE),
        };
        assert_eq!(self.bench.fetch("t", true), expected);
        assert_eq!(self.bench.fetch("t", false).0, self.committed.map_or(-1, |(_, offset)| offset));

        let Some(group) = self.group() else { return assert!(self.open.is_empty()) };
        assert!(group.generation >= self.generation, "a generation never comes back");
        match group.state {
            State::Empty => assert!(group.members.is_empty()),
            // The last member may have gone while an unused id is waited for.
            State::PreparingRebalance => assert!(group.join.is_some(), "nobody would ever end the join phase"),
            State::CompletingRebalance => assert!(group.sync_ends.is_some(), "nobody would ever end the sync phase"),
            State::Stable => assert!(group.members.values().all(|member| !member.is_waiting())),
        }
        if matches!(group.state, State::CompletingRebalance | State::Stable) {
            let leader = group.leader.as_ref().expect("a leader");
            assert!(group.members.contains_key(leader), "the leader is a member");
        }
        for (instance, holder) in &group.statics {
            assert_eq!(group.members[holder].instance.as_deref(), Some(instance.as_str()));
        }
        // Whoever waits is in the books exactly once.
        let joining = group.members.values().filter_map(|member| member.joining.as_ref().map(|joining| joining.waiter));
        let syncing = group.members.values().filter_map(|member| member.syncing);
        let mut waiting: Vec<_> = joining.chain(syncing).collect();
        waiting.sort_unstable();
        assert_eq!(waiting, self.open.keys().copied().collect::<Vec<_>>());
        assert_eq!(group.indexed, group.next_timer());
        let indexed: Vec<_> = self.bench.groups.deadlines.iter().map(|(at, _)| *at).collect();
        assert_eq!(indexed, group.indexed.into_iter().collect::<Vec<_>>());
        let due = group.indexed.is_some_and(|at| at <= self.bench.now);
        assert!(!due, "whatever is due is done");
        self.generation = group.generation;
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn every_history_keeps_the_books_sound_and_answers_every_request_once(
        acts in prop::collection::vec(act(), 1..120)
    ) {
        let mut history = History::new();
        for act in &acts {
            history.carry_out(act);
            history.listen();
            history.check();
        }
        // In the end everyone who still waits is answered: time alone ends every wait.
        for _ in 0..20 {
            history.bench.tick(60_000);
            history.listen();
            history.check();
        }
        prop_assert!(history.open.is_empty());
    }
}
