//! Whether state and offsets belong together (R6.7): a start that would count records twice, or go on without state that was
//! committed, ends the pipeline unless it is told to accept that.

use super::{Active, Restore, Restoring};
use crate::failed::Failed;
use crate::token;
use std::time::Duration;
use wasmill_record::{Clock, Group, ReadState};
use wasmill_state::{Plan, Reason};

/// A changelog that is shorter than what was read of it is asked about again for so long.
const CUT_PATIENCE: Duration = Duration::from_secs(30);

impl<G: Group, C: Clock> Restoring<G, C> {
    /// Whether the offsets belong to these changelogs; refused where they don't and nobody says that they may.
    pub(super) fn check_changelogs(&self, token: Option<&str>, number: i32) -> Result<bool, Failed> {
        let changelogs = token::changelogs_of(&self.stores);
        match token.map(|token| token::replaced(token, &changelogs)) {
            Some(Some(store)) if !self.accept_offsets => {
                Err(Failed::ChangelogReplaced { group: self.group.clone(), store: store.to_owned(), partition: number })
            }
            found => Ok(found == Some(None)),
        }
    }

    /// Refuses a start that would go on without state that was committed. A changelog that is shorter than what was read of it
    /// is asked about again at first: a broker that does not know yet that it leads no longer answers with an end of then.
    pub(super) fn is_asked_again(&self, restore: &mut Restore, plans: &[Plan], number: i32) -> Result<bool, Failed> {
        if !self.is_refused(restore) {
            return Ok(false);
        }
        for (store, plan) in (0..).zip(plans) {
            let Plan::Rebuild { reason, .. } = plan else { continue };
            let (group, store) = (self.group.clone(), self.store_name(store));
            // Where the token names it, the cache is of a former changelog, and the offsets are not.
            let is_named = || restore.token.as_deref().is_some_and(|token| token::names(token, &store));
            match reason {
                Reason::OtherTopic if !is_named() => {
                    return Err(Failed::ChangelogReplaced { group, store, partition: number });
                }
                Reason::BehindTheEnd => {
                    let now = self.clock.now();
                    let since = *restore.short_since.get_or_insert_with(|| {
                        let reason = reason.as_str();
                        tracing::warn!(
                            pipeline = self.pipeline,
                            partition = number,
                            store,
                            "{reason}; it is asked again"
                        );
                        now
                    });
                    if now.saturating_duration_since(since) < CUT_PATIENCE {
                        return Ok(true);
                    }
                    return Err(Failed::ChangelogCut { group, store, partition: number });
                }
                _ => {}
            }
        }
        Ok(false)
    }

    /// Whether state that was lost keeps these offsets from being used. After a reset there is none that could be lost.
    fn is_refused(&self, restore: &Restore) -> bool {
        !self.accept_offsets && restore.token.as_deref().is_some_and(|token| !token::is_of_reset(token))
    }

    /// State belongs to its offsets. Offsets that somebody else has set, or lost, would count records twice or never. Asked of
    /// what is restored: a first transaction that was aborted leaves something in the changelog, and no state.
    pub(super) fn check_reset(&self, done: &Active, number: i32) -> Result<(), Failed> {
        if done.restore.token.is_some() || self.accept_offsets {
            return Ok(());
        }
        for store in &done.stores {
            let mut any = false;
            let found = &mut |_: &[u8], _: &[u8]| {
                any = true;
                false
            };
            let scanned = done.state.scan(store.of.store, b"", None, found);
            scanned.map_err(|error| Failed::State { message: error.to_string() })?;
            if any {
                return Err(Failed::OffsetsReset { group: self.group.clone(), partition: number });
            }
        }
        Ok(())
    }
}
