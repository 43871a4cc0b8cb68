//! The same functions, compiled into this program and called without a boundary.

use bench_guest::work;
use wasmill_record::{
    Batch, CallSource, Emission, Field, GuestFailure, GuestFailureKind, HeaderRun, Invoke, InvokeError, Outcome,
    Record, Reply,
};

use super::workload::{PREFIX, Workload};
use crate::orders::Orders;

pub(super) struct Native {
    workload: Workload,
}

impl Native {
    pub(super) fn new(workload: Workload) -> Native {
        Native { workload }
    }

    fn answer(&self, record: &Record<'_>, reply: &mut Reply) -> Result<Outcome, GuestFailure> {
        let forward = Outcome::Forward { output: 0 };
        Ok(match self.workload {
            Workload::Identity => forward,
            Workload::KeyFilter if work::is_kept(record.key, PREFIX.as_bytes()) => forward,
            Workload::KeyFilter => Outcome::Drop,
            Workload::JsonValidate => {
                match work::problem(&serde_json::from_slice(record.value.unwrap_or_default()).map_err(not_json)?) {
                    None => forward,
                    Some(problem) => {
                        let code = reply.keep(b"order");
                        Outcome::Reject { code, message: reply.keep(problem.message().as_bytes()) }
                    }
                }
            }
            Workload::Emit => {
                let value = reply.keep(record.value.unwrap_or_default());
                let first = u32::try_from(reply.emissions.len()).unwrap_or(u32::MAX);
                reply.emissions.push(Emission {
                    output: 0,
                    key: Field::Inherit,
                    value: Field::Bytes(value),
                    inherit_headers: true,
                    headers: HeaderRun::default(),
                    timestamp: None,
                    partition: None,
                });
                Outcome::Emit { first, count: 1 }
            }
        })
    }
}

/// All orders of the bench are JSON, so this ends it.
fn not_json(error: serde_json::Error) -> GuestFailure {
    GuestFailure { kind: GuestFailureKind::Protocol, message: error.to_string() }
}

impl Invoke<Orders> for Native {
    fn invoke(
        &mut self,
        batch: &Orders,
        from: usize,
        count: usize,
        _: &CallSource,
        reply: &mut Reply,
    ) -> Result<(), InvokeError> {
        for at in from..from + count {
            let outcome = self.answer(&batch.record(at), reply)?;
            reply.outcomes.push(outcome);
        }
        Ok(())
    }

    fn renew(&mut self) {}

    fn name(&self) -> &str {
        self.workload.name()
    }

    fn digest(&self) -> Option<&str> {
        None
    }
}
