//! A native plugin that keeps state: numbers the records of each key, which a test can check without knowing anything else.
//!
//! The n-th record of a key becomes one record with the same key and the value `<n> <value>`. The number is kept, as text, in
//! the store `counts` under the record's key; a record without a key counts under the empty one. Records whose value is
//! `reject` are refused and not counted.

use std::collections::HashMap;
use std::sync::Arc;
use wasmill_record::{
    Batch, CallSource, Change, ChangeRun, Emission, Field, HeaderRun, Invoke, InvokeError, Outcome, ReadState, Reply,
};

pub(crate) const NAME: &str = "count";

const STORE: &str = "counts";

/// One worker's.
pub(crate) struct Count {
    state: Option<Arc<dyn ReadState>>,
}

impl Count {
    pub(crate) fn new() -> Count {
        Count { state: None }
    }

    pub(crate) fn stores() -> Vec<String> {
        vec![STORE.to_owned()]
    }
}

impl<B: Batch> Invoke<B> for Count {
    fn invoke(
        &mut self,
        batch: &B,
        from: usize,
        count: usize,
        _: &CallSource,
        reply: &mut Reply,
    ) -> Result<(), InvokeError> {
        let state = self.state.as_deref().ok_or_else(|| InvokeError::Host("no state to read".to_owned()))?;
        // What this call has changed so far: the next record of the key counts on.
        let mut counts: HashMap<&[u8], u64> = HashMap::new();
        let mut text = Vec::new();
        for at in from..(from + count).min(batch.len()) {
            let record = batch.record(at);
            let (key, value) = (record.key.unwrap_or_default(), record.value.unwrap_or_default());
            let first = u32::try_from(reply.changes.len()).unwrap_or(u32::MAX);
            if value == b"reject" {
                let (code, message) = (reply.keep(b"rejected-by-rule"), reply.keep(b"the value asks to be rejected"));
                reply.change_runs.push(ChangeRun { first, count: 0 });
                reply.outcomes.push(Outcome::Reject { code, message });
                continue;
            }
            let before = match counts.get(key) {
                Some(before) => *before,
                None => {
                    text.clear();
                    let found = state.get(0, key, &mut text).map_err(|error| InvokeError::Host(error.to_string()))?;
                    found.map_or(Ok(0), |_| number(&text))?
                }
            };
            let now = before + 1;
            counts.insert(key, now);
            let kept = reply.keep(now.to_string().as_bytes());
            let key = reply.keep(key);
            reply.changes.push(Change { store: 0, key, value: Some(kept) });
            let mut emitted = format!("{now} ").into_bytes();
            emitted.extend_from_slice(value);
            let value = Field::Bytes(reply.keep(&emitted));
            reply.change_runs.push(ChangeRun { first, count: 1 });
            reply
                .outcomes
                .push(Outcome::Emit { first: u32::try_from(reply.emissions.len()).unwrap_or(u32::MAX), count: 1 });
            reply.emissions.push(Emission {
                output: 0,
                key: Field::Inherit,
                value,
                inherit_headers: true,
                headers: HeaderRun::default(),
                timestamp: None,
                partition: None,
            });
        }
        Ok(())
    }

    fn read_from(&mut self, state: &Arc<dyn ReadState>) {
        self.state = Some(Arc::clone(state));
    }

    fn renew(&mut self) {
        self.state = None;
    }

    fn name(&self) -> &str {
        NAME
    }

    fn digest(&self) -> Option<&str> {
        None
    }
}

fn number(text: &[u8]) -> Result<u64, InvokeError> {
    let parsed = std::str::from_utf8(text).ok().and_then(|text| text.parse().ok());
    parsed.ok_or_else(|| InvokeError::Host("the store holds what is no number".to_owned()))
}
