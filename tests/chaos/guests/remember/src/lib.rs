//! An identity with a memory, which no plugin should have: it drops what this instance has seen before.
//!
//! In a host that renews an instance whenever a transaction of what it saw becomes void, no instance ever sees a record
//! twice, and everything is forwarded. In one that keeps the instance, the records of an aborted transaction are lost.

use std::cell::RefCell;
use std::collections::HashMap;
use wasmill_sdk::prelude::*;

#[derive(Outputs)]
enum Output {
    Out,
}

/// The next offset that was not seen, by partition. Offsets of a partition only grow while nothing is void.
struct Remember(RefCell<HashMap<u32, i64>>);

impl Stateless for Remember {
    type Config = NoConfig;
    type Outputs = Output;
    type Codes = NoCodes;

    const READS: Reads = Reads::NOTHING;

    fn configure(_: NoConfig) -> Result<Self, Problems> {
        Ok(Remember(RefCell::default()))
    }

    fn process(&self, record: Record<'_>, context: &Context) -> Result<Outcome, Failure> {
        let mut memory = self.0.borrow_mut();
        let next = memory.entry(context.partition()).or_insert(i64::MIN);
        if record.offset() < *next {
            return Ok(Outcome::Drop);
        }
        *next = record.offset() + 1;
        Ok(Output::Out.forward())
    }
}

wasmill_sdk::export!(Remember);
