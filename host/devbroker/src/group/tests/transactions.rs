//! Positions in a transaction: unstable while it is open, committed with its marker, and who may write them.

use super::*;

fn unstable() -> (i64, i16) {
    (-1, ResponseError::UnstableOffsetCommit.code())
}

#[test]
fn a_position_is_committed_when_its_transaction_is() {
    let mut bench = Bench::new(at_once());
    bench.commit(7, "", -1, "t", 5);
    assert_eq!(bench.txn_commit(1, "", -1, "t", 9), NONE);
    assert_eq!(bench.fetch("t", true), unstable());
    assert_eq!(bench.fetch("t", false), (5, NONE), "who does not ask for a stable one gets the last committed");
    assert_eq!(bench.fetch("u", true), (-1, NONE), "other partitions are not touched");
    bench.groups.complete_transaction(GROUP, 1, true);
    assert_eq!(bench.fetch("t", true), (9, NONE));
}

#[test]
fn an_aborted_transaction_leaves_the_position_where_it_was() {
    let mut bench = Bench::new(at_once());
    bench.commit(7, "", -1, "t", 5);
    bench.txn_commit(1, "", -1, "t", 9);
    bench.groups.complete_transaction(GROUP, 1, false);
    assert_eq!(bench.fetch("t", true), (5, NONE));
    bench.groups.complete_transaction(GROUP, 1, true);
    assert_eq!(bench.fetch("t", true), (5, NONE), "it is gone for good");
}

#[test]
fn a_partition_is_unstable_until_the_last_of_its_transactions_ends() {
    let mut bench = Bench::new(at_once());
    bench.txn_commit(1, "", -1, "t", 5);
    bench.txn_commit(2, "", -1, "t", 9);
    bench.groups.complete_transaction(GROUP, 2, true);
    assert_eq!(bench.fetch("t", true), unstable());
    assert_eq!(bench.fetch("t", false), (9, NONE));
    bench.groups.complete_transaction(GROUP, 1, true);
    assert_eq!(bench.fetch("t", true), (9, NONE), "what was written first does not undo what was written last");
}

#[test]
fn the_last_write_of_a_transaction_counts() {
    let mut bench = Bench::new(at_once());
    bench.txn_commit(1, "", -1, "t", 5);
    bench.txn_commit(1, "", -1, "t", 3);
    bench.groups.complete_transaction(GROUP, 1, true);
    assert_eq!(bench.fetch("t", true), (3, NONE));
}

#[test]
fn a_transaction_does_not_undo_a_plain_commit_that_came_after_it() {
    let mut bench = Bench::new(at_once());
    bench.txn_commit(1, "", -1, "t", 9);
    bench.commit(7, "", -1, "t", 4);
    bench.groups.complete_transaction(GROUP, 1, true);
    assert_eq!(bench.fetch("t", true), (4, NONE));
}

#[test]
fn a_transactional_commit_that_names_a_member_must_be_right_and_one_that_names_none_passes() {
    let mut bench = Bench::new(at_once());
    let (generation, members) = bench.stable(1);
    let member = members[0].as_str();
    let illegal = ResponseError::IllegalGeneration.code();
    let unknown = ResponseError::UnknownMemberId.code();
    for (member, generation, error) in [
        (member, generation, NONE),
        (member, generation - 1, illegal),
        (member, -1, illegal),
        ("nobody", generation, unknown),
        ("", generation, unknown),
        ("nobody", -1, unknown),
        ("", -1, NONE),
    ] {
        assert_eq!(bench.txn_commit(1, member, generation, "t", 5), error, "({member}, {generation})");
        assert_eq!(bench.fetch("t", true) == unstable(), error == NONE);
        bench.groups.complete_transaction(GROUP, 1, false);
    }
}

#[test]
fn without_a_group_only_a_commit_without_a_generation_passes() {
    let mut bench = Bench::new(at_once());
    assert_eq!(bench.txn_commit(1, "member", 1, "t", 5), ResponseError::IllegalGeneration.code());
    assert_eq!(bench.txn_commit(1, "", -1, "t", 5), NONE);
    bench.groups.complete_transaction("no such group", 1, true);
    bench.groups.complete_transaction(GROUP, 1, true);
    assert_eq!(bench.fetch("t", true), (5, NONE));
}

#[test]
fn a_former_members_late_commit_is_refused_after_the_rebalance() {
    let mut bench = Bench::new(at_once());
    let (generation, members) = bench.stable(2);
    bench.tick(9_000);
    bench.heartbeat(&members[0], generation);
    bench.tick(1_000);
    assert_eq!(bench.txn_commit(1, &members[1], generation, "t", 5), ResponseError::UnknownMemberId.code());
    bench.join(9, range(&members[0]));
    assert_eq!(bench.txn_commit(1, &members[0], generation, "t", 5), ResponseError::IllegalGeneration.code());
    assert_eq!(bench.txn_commit(1, &members[0], generation + 1, "t", 5), NONE);
}
