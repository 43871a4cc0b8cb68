use super::*;
use proptest::prelude::*;

const RETENTION_MS: i64 = 1_000_000;
const NOW_MS: i64 = 50_000_000;

fn mark() -> Mark {
    Mark {
        cluster_id: "cluster".into(),
        topic_id: "topic".into(),
        next: CommitOffset::at(50),
        token: Some("i:r:0:7".into()),
        applied_ms: NOW_MS - 1,
        stream_time_ms: None,
    }
}

fn facts() -> Facts<'static> {
    Facts {
        cluster_id: "cluster",
        topic_id: "topic",
        token: Some("i:r:0:8"),
        bounds: Bounds { start: CommitOffset::at(10), end: CommitOffset::at(90) },
        now_ms: NOW_MS,
        delete_retention: Duration::from_millis(RETENTION_MS.unsigned_abs()),
    }
}

fn rebuild(reason: Reason) -> Plan {
    Plan::Rebuild { from: CommitOffset::at(10), reason }
}

#[test]
fn each_row_of_the_table() {
    let replay = Plan::Replay { from: CommitOffset::at(50) };
    let with = |change: fn(&mut Mark, &mut Facts<'_>)| {
        let (mut mark, mut facts) = (mark(), facts());
        change(&mut mark, &mut facts);
        plan(Some(&mark), &facts)
    };
    assert_eq!(plan(None, &facts()), rebuild(Reason::NoMark));
    assert_eq!(with(|_, _| {}), replay, "another token");
    assert_eq!(with(|_, facts| facts.token = Some("i:r:0:7")), Plan::Nothing);
    assert_eq!(with(|_, facts| facts.token = None), replay, "a position that nobody's token goes with");
    let both_without = |mark: &mut Mark, facts: &mut Facts<'_>| {
        mark.token = None;
        facts.token = None;
    };
    assert_eq!(with(both_without), replay, "a restore that was cut off");
    assert_eq!(with(|_, facts| facts.cluster_id = "other"), rebuild(Reason::OtherCluster));
    assert_eq!(with(|_, facts| facts.topic_id = "other"), rebuild(Reason::OtherTopic));
    assert_eq!(with(|mark, _| mark.next = CommitOffset::at(91)), rebuild(Reason::BehindTheEnd));
    assert_eq!(with(|mark, _| mark.next = CommitOffset::at(90)), Plan::Replay { from: CommitOffset::at(90) });
    assert_eq!(with(|mark, _| mark.next = CommitOffset::at(9)), rebuild(Reason::BeforeTheStart));
    assert_eq!(with(|mark, _| mark.next = CommitOffset::at(10)), Plan::Replay { from: CommitOffset::at(10) });
    assert_eq!(with(|mark, _| mark.applied_ms = NOW_MS - RETENTION_MS / 2), replay);
    assert_eq!(with(|mark, _| mark.applied_ms = NOW_MS - RETENTION_MS / 2 - 1), rebuild(Reason::TooOld));
    assert_eq!(with(|mark, _| mark.applied_ms = NOW_MS + CLOCK_STEP_MS), replay);
    assert_eq!(with(|mark, _| mark.applied_ms = NOW_MS + CLOCK_STEP_MS + 1), rebuild(Reason::FromTheFuture));
}

#[test]
fn an_equal_token_counts_only_in_the_same_log() {
    let equal = Facts { token: Some("i:r:0:7"), ..facts() };
    let mark = mark();
    assert_eq!(plan(Some(&mark), &Facts { topic_id: "new", ..equal }), rebuild(Reason::OtherTopic));
    assert_eq!(plan(Some(&mark), &Facts { cluster_id: "new", ..equal }), rebuild(Reason::OtherCluster));
    let cut = Bounds { start: CommitOffset::at(10), end: CommitOffset::at(49) };
    assert_eq!(plan(Some(&mark), &Facts { bounds: cut, ..equal }), rebuild(Reason::BehindTheEnd));
    let old = Mark { applied_ms: 0, next: CommitOffset::at(9), ..mark };
    assert_eq!(plan(Some(&old), &equal), Plan::Nothing, "however old: no transaction since");
}

proptest! {
    #[test]
    fn what_is_not_rebuilt_lies_within_the_log_and_is_young_or_exact(
        next in 0i64..100, start in 0i64..100, length in 0i64..100, token in proptest::option::of("[ab]"),
        committed in proptest::option::of("[ab]"), applied_ms: i64, now_ms: i64,
    ) {
        let mark = Mark { next: CommitOffset::at(next), token: token.clone(), applied_ms, ..mark() };
        let bounds = Bounds { start: CommitOffset::at(start), end: CommitOffset::at(start + length) };
        let facts = Facts { token: committed.as_deref(), bounds, now_ms, ..facts() };
        match plan(Some(&mark), &facts) {
            Plan::Nothing => prop_assert!(token.is_some() && token == committed && next <= start + length),
            Plan::Replay { from } => {
                let age = i128::from(now_ms) - i128::from(applied_ms);
                prop_assert_eq!(from.next(), next);
                prop_assert!(bounds.start <= from && from <= bounds.end);
                prop_assert!((-i128::from(CLOCK_STEP_MS)..=i128::from(RETENTION_MS / 2)).contains(&age));
            }
            Plan::Rebuild { from, .. } => prop_assert_eq!(from, bounds.start),
        }
    }
}
