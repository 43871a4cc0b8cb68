use super::*;

const MS: Duration = Duration::from_millis(1);

fn settings(interval: Duration) -> WorkerSettings {
    WorkerSettings {
        worker: 0,
        workers: 1,
        pipeline: "p".to_owned(),
        group: "p".to_owned(),
        topics: Vec::new(),
        outputs: Vec::new(),
        dead_letter_topic: String::new(),
        config_digest: String::new(),
        instance: String::new(),
        run: String::new(),
        batch: BatchLimits { records_max: 1, bytes_max: 1 },
        policy: Policy { attempts_max: 1, backoff: Backoff { initial: MS, max: MS }, outputs: 0 },
        commit_interval: interval,
        commit_records_max: 1,
        commit_bytes_max: 1,
        transaction_timeout: 9000 * MS,
        start_deadline: Duration::ZERO,
    }
}

#[test]
fn the_interval_is_counted_from_one_commit_to_the_next() {
    let (settings, start) = (settings(100 * MS), Instant::now());
    assert_eq!(settings.commit_due(start, None), start + 100 * MS);
    let last = Some(start);
    // The commit took 10 ms, and the next record came at once.
    assert_eq!(settings.commit_due(start + 10 * MS, last), start + 100 * MS);
    // It took longer than half of the interval: records are gathered all the same.
    assert_eq!(settings.commit_due(start + 80 * MS, last), start + 130 * MS);
    // Nothing came for long.
    assert_eq!(settings.commit_due(start + 5000 * MS, last), start + 5050 * MS);
}

#[test]
fn no_transaction_is_kept_open_past_the_budget_by_a_long_interval() {
    let (settings, start) = (settings(60_000 * MS), Instant::now());
    assert_eq!(settings.commit_due(start, None), start + settings.budget());
}
