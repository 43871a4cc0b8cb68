//! The end of a run: everything that was sent is committed, and read once more from the logs.

use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use wasmill_verify::positions::Positions;
use wasmill_verify::{ends, topic};

use crate::board::Board;
use crate::ledger::{Ledger, Sent};
use crate::pipelines::{ALL, Pipeline};

/// A killed member has been given up by then, and a backlog worked off.
const SETTLE_MAX: Duration = Duration::from_secs(60);
/// How long the markers of a transaction that is committed may take.
const STABLE_MAX: Duration = Duration::from_secs(30);
/// How long a reader may take for what can be read.
const SEEN_MAX: Duration = Duration::from_secs(15);
const LOOK_INTERVAL: Duration = Duration::from_millis(100);

/// Waits until each group has committed its input up to the end. `look` is called meanwhile.
pub(crate) fn wait_committed(bootstrap: &str, board: &Board, mut look: impl FnMut() -> Result<()>) -> Result<()> {
    let began = Instant::now();
    for pipeline in &ALL {
        let positions = Positions::new(bootstrap, pipeline.name, pipeline.input)?;
        loop {
            look()?;
            let now = positions.now();
            if now.as_ref().is_ok_and(|all| all.iter().all(|one| one.is_at_end())) {
                break;
            }
            let late = began.elapsed() > SETTLE_MAX;
            ensure!(!late, "{} has not committed its input after {SETTLE_MAX:?}: {now:?}", pipeline.name);
            board.pass(LOOK_INTERVAL);
        }
    }
    let open = ends::wait_until_stable(bootstrap, STABLE_MAX)?;
    let first = open.first().map(ToString::to_string).unwrap_or_default();
    ensure!(open.is_empty(), "transactions are still open after {STABLE_MAX:?}: {first}");
    Ok(())
}

/// Enters everything that readers of committed records get.
pub(crate) fn account(bootstrap: &str, pipeline: &Pipeline, sent: Vec<Sent>) -> Result<Ledger> {
    let mut ledger = Ledger::new(pipeline.identity, sent);
    topic::read(bootstrap, pipeline.output, |record| ledger.output(record)).context(pipeline.output)?;
    topic::read(bootstrap, pipeline.dead_letters, |record| ledger.dead_letter(record))
        .context(pipeline.dead_letters)?;
    Ok(ledger)
}

/// Waits until the readers that ran along have seen what the logs have.
pub(crate) fn wait_seen(board: &Board, ledgers: &[Ledger]) -> Result<()> {
    let wanted: Vec<u64> = ledgers.iter().map(|ledger| ledger.outputs + ledger.set_aside()).collect();
    let seen =
        board.wait(SEEN_MAX, |tallies| tallies.iter().zip(&wanted).all(|(tally, wanted)| tally.arrived() >= *wanted));
    let counts = board.read(|tallies| tallies.iter().map(|tally| tally.arrived()).collect::<Vec<_>>());
    ensure!(seen && counts == wanted, "readers that ran along saw {counts:?} records, the logs have {wanted:?}");
    Ok(())
}
