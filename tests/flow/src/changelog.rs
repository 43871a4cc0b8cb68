//! Changelogs in memory, for restores: one change is delivered at each poll, of each partition that is read.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use wasmill_record::{
    ChangelogEvent, ChangelogPartition, ChangelogSource, Class, CommitOffset, EachChangelogEvent, Failure,
};

/// Is asked before a question about bounds is answered, on the thread that asks; `false`: there is no answer.
pub type Leader = Box<dyn FnMut(ChangelogPartition) -> bool + Send>;

/// What a restore did with them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ChangelogCall {
    Answered(ChangelogPartition),
    Unanswered(ChangelogPartition),
    Poll,
}

#[derive(Default)]
struct Logs {
    /// Keys and values, from offset 0 on.
    changes: BTreeMap<ChangelogPartition, Vec<(String, String)>>,
    reading: BTreeMap<ChangelogPartition, usize>,
    calls: Vec<ChangelogCall>,
}

/// Clones are the same changelogs.
#[derive(Clone, Default)]
pub struct MemoryChangelogs(Arc<Mutex<Logs>>);

impl MemoryChangelogs {
    /// So many changes of as many keys, in place of what was there.
    pub fn put(&self, of: ChangelogPartition, changes: usize) {
        self.put_large(of, changes, 1);
    }

    /// The same, with values of so many bytes.
    pub fn put_large(&self, of: ChangelogPartition, changes: usize, bytes: usize) {
        let change = |at| (format!("k{at}"), "v".repeat(bytes));
        self.logs().changes.insert(of, (0..changes).map(change).collect());
    }

    pub fn calls(&self) -> Vec<ChangelogCall> {
        self.logs().calls.clone()
    }

    /// What a restore reads with; `leader` answers for all partitions.
    pub fn reader(&self, leader: Leader) -> Box<dyn ChangelogSource> {
        Box::new(Reader { logs: self.clone(), leader })
    }

    fn logs(&self) -> MutexGuard<'_, Logs> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

struct Reader {
    logs: MemoryChangelogs,
    leader: Leader,
}

impl ChangelogSource for Reader {
    fn bounds(&mut self, of: ChangelogPartition, _timeout: Duration) -> Result<(CommitOffset, CommitOffset), Failure> {
        let answers = (self.leader)(of);
        let mut logs = self.logs.logs();
        logs.calls.push(if answers { ChangelogCall::Answered(of) } else { ChangelogCall::Unanswered(of) });
        if !answers {
            return Err(Failure::new(Class::Retriable, "no leader"));
        }
        let end = logs.changes.get(&of).map_or(0, Vec::len);
        Ok((CommitOffset::at(0), CommitOffset::at(end as i64)))
    }

    fn start(&mut self, of: ChangelogPartition, from: CommitOffset) -> Result<(), Failure> {
        let already = self.logs.logs().reading.insert(of, from.next() as usize);
        assert_eq!(already, None, "{of} is being read");
        Ok(())
    }

    fn stop(&mut self, of: ChangelogPartition) {
        assert!(self.logs.logs().reading.remove(&of).is_some(), "{of} was not being read");
    }

    fn poll(&mut self, _wait: Duration, each: &mut EachChangelogEvent<'_>) {
        let mut logs = self.logs.logs();
        let Logs { changes, reading, calls } = &mut *logs;
        calls.push(ChangelogCall::Poll);
        for (of, at) in reading {
            let change = changes.get(of).and_then(|changes| changes.get(*at));
            *at += usize::from(change.is_some());
            let next = CommitOffset::at(*at as i64);
            each(
                *of,
                match change {
                    Some((key, value)) => ChangelogEvent::Change {
                        next,
                        timestamp: None,
                        key: key.as_bytes(),
                        value: Some(value.as_bytes()),
                    },
                    None => ChangelogEvent::End { next },
                },
            );
        }
    }
}
