//! The end of a run: everything that was sent is committed, and read once more from the logs.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use wasmill_verify::positions::{Position, Positions};
use wasmill_verify::{ends, topic};

use crate::account::{Account, Counted};
use crate::answer::Answer;
use crate::board::Board;
use crate::ledger::{self, Identity, Ledger, Sent};
use crate::pipelines::{ALL, Answers, Pipeline};

/// A killed member has been given up by then, and a backlog worked off.
const SETTLE_MAX: Duration = Duration::from_secs(60);
/// How long the markers of a transaction that is committed may take.
const STABLE_MAX: Duration = Duration::from_secs(30);
/// How long a reader may take for what can be read.
const SEEN_MAX: Duration = Duration::from_secs(15);
const LOOK_INTERVAL: Duration = Duration::from_millis(100);

/// Waits until each group has committed its inputs up to the end, in the order of the flow: what one has read to its end writes
/// no more to the next. `look` is called meanwhile.
pub(crate) fn wait_committed(bootstrap: &str, board: &Board, mut look: impl FnMut() -> Result<()>) -> Result<()> {
    let began = Instant::now();
    for (pipeline, input) in ALL.iter().flat_map(|pipeline| pipeline.inputs.iter().map(move |input| (pipeline, input)))
    {
        let positions = Positions::new(bootstrap, pipeline.name, input)?;
        loop {
            look()?;
            let now = positions.now();
            if now.as_ref().is_ok_and(|all| all.iter().all(Position::is_at_end)) {
                break;
            }
            let late = began.elapsed() > SETTLE_MAX;
            ensure!(!late, "{} has not committed {input} after {SETTLE_MAX:?}: {now:?}", pipeline.name);
            board.pass(LOOK_INTERVAL);
        }
    }
    let open = ends::wait_until_stable(bootstrap, STABLE_MAX)?;
    let first = open.first().map(ToString::to_string).unwrap_or_default();
    ensure!(open.is_empty(), "transactions are still open after {STABLE_MAX:?}: {first}");
    Ok(())
}

/// Enters everything that readers of committed records get from each output of a pipeline that passes on what it gets, beside its
/// dead letters.
pub(crate) fn ledgers(bootstrap: &str, pipeline: &Pipeline, sent: &[Sent]) -> Result<Vec<(&'static str, Ledger)>> {
    let identity = if pipeline.kind == Answers::Orders { Identity::OrderId } else { Identity::Place };
    let outputs = [pipeline.answers].into_iter().chain(pipeline.others.iter().copied());
    let ledger = |output| {
        let mut ledger = Ledger::new(identity, sent.to_vec());
        topic::read(bootstrap, output, |record| ledger.output(record)).context(output)?;
        topic::read(bootstrap, pipeline.dead_letters, |record| ledger.dead_letter(record))
            .context(pipeline.dead_letters)?;
        Ok((output, ledger))
    };
    outputs.map(ledger).collect()
}

/// Counts what a pipeline with state has read and answered. `topics`: how many records there are in each.
pub(crate) fn account(
    bootstrap: &str,
    pipeline: &Pipeline,
    topics: &BTreeMap<String, u64>,
    malformed: u64,
) -> Result<Account> {
    let inputs = pipeline.inputs.iter().filter_map(|input| topics.get(*input)).sum();
    let may_drop = pipeline.kind == Answers::Events;
    let mut counted = Counted { inputs, malformed, may_drop, ..Counted::default() };
    topic::read(bootstrap, pipeline.answers, |record| {
        counted.outputs += u64::from(Answer::read(pipeline.kind, record.value).is_first);
    })
    .context(pipeline.answers)?;
    topic::read(bootstrap, pipeline.dead_letters, |record| {
        *counted.dead_letters.entry(ledger::code(record)).or_default() += 1;
    })
    .context(pipeline.dead_letters)?;
    Ok(Account::of(counted))
}

/// Waits until the readers that ran along have seen what the logs have.
pub(crate) fn wait_seen(board: &Board, accounts: &[Account]) -> Result<()> {
    let wanted: Vec<u64> = accounts.iter().map(|account| account.outputs + account.set_aside()).collect();
    let seen =
        board.wait(SEEN_MAX, |tallies| tallies.iter().zip(&wanted).all(|(tally, wanted)| tally.arrived() >= *wanted));
    let counts = board.read(|tallies| tallies.iter().map(|tally| tally.arrived()).collect::<Vec<_>>());
    ensure!(seen && counts == wanted, "readers that ran along saw {counts:?} records, the logs have {wanted:?}");
    Ok(())
}

#[cfg(test)]
mod tests {
    use rdkafka::ClientConfig;
    use rdkafka::consumer::{BaseConsumer, CommitMode, Consumer as _};
    use rdkafka::producer::{BaseProducer, BaseRecord, Producer as _};
    use rdkafka::{Offset, TopicPartitionList};
    use wasmill_devbroker::{Broker, Options};

    use super::*;

    #[test]
    fn a_group_is_at_the_end_when_nothing_but_a_marker_is_behind_it() {
        let broker = Broker::start(Options::default()).unwrap();
        broker.create_topic("in", 1, &[]).unwrap();
        let mut config = ClientConfig::new();
        config.set("bootstrap.servers", broker.bootstrap());
        let producer: BaseProducer = config.clone().set("transactional.id", "one").create().unwrap();
        producer.init_transactions(STABLE_MAX).unwrap();
        producer.begin_transaction().unwrap();
        for _ in 0..2 {
            producer.send(BaseRecord::<(), _>::to("in").payload("a record")).unwrap();
        }
        producer.commit_transaction(STABLE_MAX).unwrap();

        let consumer: BaseConsumer = config.set("group.id", "g").create().unwrap();
        for (committed, is_at_end) in [(1, false), (2, true), (3, true)] {
            let mut list = TopicPartitionList::new();
            list.add_partition_offset("in", 0, Offset::Offset(committed)).unwrap();
            consumer.commit(&list, CommitMode::Sync).unwrap();
            let positions = Positions::new(&broker.bootstrap(), "g", "in").unwrap().now().unwrap();
            assert_eq!(positions[0].is_at_end(), is_at_end, "{}", positions[0]);
        }
    }
}
