//! The state of taken partitions, before they start (R6.4, R6.5, R6.7). The real restore over changelogs in memory and a
//! cache on the disk.

#![allow(clippy::unwrap_used)] // helpers of tests, which clippy does not take for tests

use crossbeam_channel::bounded;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};
use tempfile::TempDir;
use wasmill_flow::changelog::{ChangelogCall, Leader, MemoryChangelogs};
use wasmill_flow::{ManualClock, MemoryGroup, partition};
use wasmill_pipeline::restoring::{Restore, Restoring};
use wasmill_pipeline::taking::{Ready, Tell};
use wasmill_pipeline::{Command, Failed, WorkerHandle};
use wasmill_record::{ChangelogPartition, CommitOffset};
use wasmill_settle::Books;
use wasmill_state::{CacheLimits, Database, StoreSettings, Stores};
use wasmill_telemetry::{Health, Metrics, State};

const TOKEN: &str = "instance:run:0:7:counts=id";
const HEALTH: &str = "pipeline/flow/restore";

/// One store, `counts`, whose changelog has the id `id`.
struct Kept {
    changelogs: MemoryChangelogs,
    database: Database,
    stores: Stores,
    accept_offsets: bool,
    health: Health,
    _folder: TempDir,
}

fn kept() -> Kept {
    let folder = tempfile::tempdir().unwrap();
    let database = Database::open(folder.path(), &CacheLimits::default()).unwrap();
    let stores = stores(&database, "id");
    let (changelogs, health) = (MemoryChangelogs::default(), Health::new());
    Kept { changelogs, database, stores, accept_offsets: false, health, _folder: folder }
}

fn stores(database: &Database, topic_id: &str) -> Stores {
    let setting = StoreSettings { name: "counts".to_owned(), topic_id: topic_id.to_owned(), ttl: None };
    database.stores("cluster", "flow-group", vec![setting]).unwrap()
}

fn changelog(partition: i32) -> ChangelogPartition {
    ChangelogPartition { store: 0, partition }
}

fn answers() -> Leader {
    Box::new(|_| true)
}

impl Kept {
    /// Restores the partitions `0..count`. In the order in which they started: the partition, whether its position is ours
    /// to commit anew, and its keys.
    fn start(&self, count: i32, token: Option<&str>, leader: Leader) -> Result<Vec<(i32, bool, usize)>, Failed> {
        let (handle, commands) = WorkerHandle::new(0);
        let books = Arc::new(Mutex::new(Books::default()));
        let all: Vec<_> = (0..count).map(partition).collect();
        let epoch = books.lock().unwrap().assigned(&all);
        let (restores, taken) = bounded(all.len());
        for partition in all {
            let ready = Ready { partition, epoch, at: CommitOffset::at(5), by_policy: false };
            let token = token.map(str::to_owned);
            // Taken long ago: it has queued.
            let since = Instant::now() - Duration::from_secs(60);
            restores.send(Restore { ready: vec![ready], token, since, short_since: None }).unwrap();
        }
        let (failures, failed) = bounded(1);
        let metrics = Metrics::new().pipeline("flow");
        let restoring = Restoring {
            pipeline: "flow".to_owned(),
            group: "flow-group".to_owned(),
            source: self.changelogs.reader(leader),
            stores: self.stores.clone(),
            cluster_id: "cluster".to_owned(),
            delete_retention: Duration::from_secs(3600),
            accept_offsets: self.accept_offsets,
            restores: taken,
            tell: Arc::new(Tell {
                group: Arc::new(MemoryGroup::default()),
                books,
                workers: vec![handle],
                metrics: metrics.clone(),
            }),
            clock: ManualClock::default(),
            metrics,
            health: self.health.clone(),
            failures,
            is_full: false,
        };
        let thread = std::thread::spawn(move || restoring.run());
        let mut started = Vec::new();
        // Both ends are gone once it has failed.
        while started.len() < count as usize
            && let Ok(command) = commands.recv()
        {
            let Command::Start { partition, by_policy, state, .. } = command else {
                panic!("not a start: {command:?}")
            };
            let mut keys = 0;
            let committed = state.unwrap().committed();
            committed.scan(0, b"", None, &mut |_, _, _| (keys += 1, true).1).unwrap();
            started.push((partition.partition, by_policy, keys));
        }
        drop(restores);
        thread.join().unwrap();
        failed.try_recv().map_or(Ok(started), Err)
    }
}

#[test]
fn a_restore_brings_what_the_changelog_has() {
    let kept = kept();
    kept.changelogs.put(changelog(0), 3);
    assert_eq!(kept.start(2, Some(TOKEN), answers()), Ok(vec![(1, false, 0), (0, false, 3)]));
    assert_eq!(kept.health.get(HEALTH), Some(State::Ready));
}

#[test]
fn a_changelog_that_is_shorter_than_what_was_read_of_it_stops_the_pipeline() {
    let mut kept = kept();
    kept.changelogs.put(changelog(0), 3);
    kept.start(1, Some(TOKEN), answers()).unwrap();
    kept.changelogs.put(changelog(0), 2);
    let failed = kept.start(1, Some(TOKEN), answers()).unwrap_err();
    let (group, store) = ("flow-group".to_owned(), "counts".to_owned());
    assert_eq!(failed, Failed::ChangelogCut { group, store, partition: 0 });
    assert!(failed.to_string().contains("wasmill state reset"), "{failed}");
    kept.accept_offsets = true;
    assert_eq!(kept.start(1, Some(TOKEN), answers()), Ok(vec![(0, false, 2)]), "with what there is");
}

#[test]
fn a_leader_that_does_not_know_all_yet_is_asked_again() {
    let kept = kept();
    kept.changelogs.put(changelog(0), 3);
    kept.start(1, Some(TOKEN), answers()).unwrap();
    kept.changelogs.put(changelog(0), 2);
    let changelogs = kept.changelogs.clone();
    let mut asked = 0;
    let leader = Box::new(move |of| {
        asked += 1;
        if asked == 5 {
            changelogs.put(of, 3);
        }
        true
    });
    assert_eq!(kept.start(1, Some(TOKEN), leader), Ok(vec![(0, false, 3)]));
}

#[test]
fn after_a_reset_a_cache_that_knows_more_than_the_changelog_is_rebuilt() {
    let kept = kept();
    kept.changelogs.put(changelog(0), 3);
    kept.start(1, Some(TOKEN), answers()).unwrap();
    kept.changelogs.put(changelog(0), 1);
    assert_eq!(kept.start(1, Some("reset:run:0:0:counts=id"), answers()), Ok(vec![(0, false, 1)]));
}

/// The offsets don't say which changelog they belong to, but the cache does.
#[test]
fn a_cache_of_another_changelog_of_the_name_stops_the_pipeline_where_the_token_does_not_say() {
    let mut kept = kept();
    kept.changelogs.put(changelog(0), 3);
    kept.start(1, Some("instance:run:0:7"), answers()).unwrap();
    kept.stores = stores(&kept.database, "new");
    let failed = kept.start(1, Some("instance:run:0:7"), answers()).unwrap_err();
    assert!(matches!(failed, Failed::ChangelogReplaced { .. }), "{failed}");
    let started = kept.start(1, Some("instance:run:0:8:counts=new"), answers());
    assert_eq!(started, Ok(vec![(0, false, 3)]), "beside the changelog of now it is only old");
}

/// More than the 32 MiB that one restore holds in memory: the store is cleared, two chunks are written, the restore is noted.
#[test]
fn a_large_changelog_is_written_in_chunks_and_a_disk_that_is_full_between_them_is_waited_for() {
    for writes in [2, 3] {
        let kept = kept();
        kept.changelogs.put_large(changelog(0), 36_000, 1000);
        kept.database.faults().no_space_after(writes);
        assert_eq!(kept.start(1, Some(TOKEN), answers()), Ok(vec![(0, false, 36_000)]));
        assert_eq!(kept.database.faults().no_space_left(), 0, "there is one more write than {writes}");
    }
}

/// Nothing is cached, so only the offsets can tell.
#[test]
fn offsets_beside_another_changelog_of_the_name_stop_the_pipeline() {
    let mut kept = kept();
    let former = "instance:run:0:7:counts=other";
    let failed = kept.start(1, Some(former), answers()).unwrap_err();
    let (group, store) = ("flow-group".to_owned(), "counts".to_owned());
    assert_eq!(failed, Failed::ChangelogReplaced { group, store, partition: 0 });
    kept.accept_offsets = true;
    let accepted = kept.start(1, Some(former), answers());
    assert_eq!(accepted, Ok(vec![(0, true, 0)]), "and committed anew, beside the changelog of now");
}

#[test]
fn a_leader_that_does_not_answer_holds_up_its_own_restores_and_is_asked_once_a_round() {
    let kept = kept();
    kept.changelogs.put(changelog(0), 20);
    let mut left = 8;
    let leader = Box::new(move |of: ChangelogPartition| {
        let answers = of.partition == 0 || left == 0;
        left -= usize::from(!answers);
        answers
    });
    let started = kept.start(3, Some(TOKEN), leader).unwrap();
    assert_eq!(started.len(), 3);
    let calls = kept.changelogs.calls();
    let unanswered = |call: &ChangelogCall| matches!(call, ChangelogCall::Unanswered(_));
    assert!(!calls.windows(2).any(|two| two.iter().all(unanswered)), "changes are read in between: {calls:?}");
    for number in [1, 2] {
        let asked = calls.iter().filter(|call| **call == ChangelogCall::Unanswered(changelog(number))).count();
        assert_eq!(asked, 4, "they take turns");
    }
}

#[test]
fn a_process_is_not_ready_while_a_restore_waits_for_its_leader() {
    let kept = kept();
    let (health, seen) = (kept.health.clone(), Arc::new(Mutex::new(Vec::new())));
    let leader = {
        let seen = Arc::clone(&seen);
        Box::new(move |_| {
            let mut seen = seen.lock().unwrap();
            seen.push(matches!(health.get(HEALTH), Some(State::Waiting { .. })));
            seen.len() > 3
        })
    };
    kept.start(1, Some(TOKEN), leader).unwrap();
    assert_eq!(*seen.lock().unwrap(), [false, true, true, true], "from the end of the first round on");
    assert_eq!(kept.health.get(HEALTH), Some(State::Ready));
}

#[test]
fn a_disk_that_is_full_when_a_restore_begins_is_waited_for() {
    let kept = kept();
    kept.changelogs.put(changelog(0), 3);
    kept.database.faults().no_space(3);
    let (health, seen) = (kept.health.clone(), Arc::new(Mutex::new(Vec::new())));
    let leader = {
        let seen = Arc::clone(&seen);
        Box::new(move |_| {
            let reason = match health.get(HEALTH) {
                Some(State::Waiting { reason }) => reason,
                other => format!("{other:?}"),
            };
            seen.lock().unwrap().push(reason);
            true
        })
    };
    assert_eq!(kept.start(1, Some(TOKEN), leader), Ok(vec![(0, false, 3)]));
    let seen = seen.lock().unwrap();
    assert_eq!(seen.len(), 4, "three times in vain: {seen:?}");
    assert!(seen.iter().skip(1).all(|reason| reason.contains("a test says so")), "{seen:?}");
}
