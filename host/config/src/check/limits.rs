//! The limits of a plugin: what they must be to each other, and to the transactions of the pipeline that it runs in.

use std::time::Duration;

use super::Context;
use super::pipeline::{milliseconds, size};
use crate::checked::{Plugin, PluginKind, PluginLimits};
use crate::raw;
use crate::reader::Field;
use crate::tree::At;

const MIB: usize = 1024 * 1024;

pub(super) fn limits(raw: Field<raw::Limits>, context: &Context<'_>) -> PluginLimits {
    let raw = raw.value().unwrap_or_default();
    let record_ms = raw.record_deadline_ms.given().map_or_else(Default::default, |(number, _)| *number).0;
    let memory_mib = raw.memory_mib.given().map_or_else(Default::default, |(number, _)| *number).0;
    let target = raw.target_call_ms.given().map(|(number, at)| (number.0, at));
    let recycle = raw.recycle_mib.given().map(|(number, at)| (number.0, at));
    at_most(
        target,
        "target_call_ms",
        record_ms,
        "record_deadline_ms",
        "a call that takes as long as it should is cut off",
        context,
    );
    at_most(recycle, "recycle_mib", memory_mib, "memory_mib", "an instance never grows that large", context);
    let memory_bytes_max = mib(memory_mib);
    PluginLimits {
        record_deadline: Duration::from_millis(record_ms),
        target_call: Duration::from_millis(target.map_or_else(|| (record_ms / 2).clamp(1, 10), |(ms, _)| ms)),
        start_deadline: milliseconds(raw.start_deadline_ms.value().unwrap_or_default()),
        memory_bytes_max,
        recycle_bytes: recycle.map_or(memory_bytes_max / 4 * 3, |(number, _)| mib(number)),
        output_bytes_max: size(raw.output_bytes_max.value().unwrap_or_default()),
        outputs_per_record_max: u32::try_from(raw.outputs_per_record_max.value().unwrap_or_default().0)
            .unwrap_or(u32::MAX),
        log_bytes_per_s: size(raw.log_bytes_per_s.value().unwrap_or_default()),
        module_bytes_max: mib(raw.module_mib.value().unwrap_or_default().0),
        compile_deadline: milliseconds(raw.compile_deadline_ms.value().unwrap_or_default()),
    }
}

/// `key` may not be more than `limit`; `why` says what would be wrong.
fn at_most(key: Option<(u64, &At)>, name: &str, limit: u64, limit_name: &str, why: &str, context: &Context<'_>) {
    let Some((value, at)) = key.filter(|(value, _)| *value > limit) else { return };
    let message = format!("`{name}` is {value} and `{limit_name}` is {limit}: {why}");
    let hint = format!("set `{name}` to {limit} or less, or `{limit_name}` to {value} or more");
    context.problems.push(at, message, Some(hint));
}

/// A call that may last beyond the commit deadline would lose its transaction, again and again.
pub(super) fn against_transaction(plugin: &Plugin, transaction_timeout: Duration, context: &Context<'_>) {
    let PluginKind::Wasm(wasm) = &plugin.kind else { return };
    let (record, deadline) = (wasm.limits.record_deadline, transaction_timeout / 2);
    if record <= deadline {
        return;
    }
    let longer = record.as_millis() * 2;
    let message = format!(
        "`record_deadline_ms` of plugin `{}` is {}, and the commit deadline is {} (half of `commit.transaction_timeout_ms`, \
         {}): one record could outlast its transaction",
        wasm.name,
        record.as_millis(),
        deadline.as_millis(),
        transaction_timeout.as_millis()
    );
    let hint = match longer <= 60_000 {
        true => format!(
            "set `commit.transaction_timeout_ms` to {longer} or more, or `record_deadline_ms` to {} or less",
            deadline.as_millis()
        ),
        false => format!("set `record_deadline_ms` to {} or less", deadline.as_millis()),
    };
    let at = At { line: plugin.place.line, column: plugin.place.column, path: plugin.place.path.clone() };
    context.problems.push(&at, message, Some(hint));
}

/// At most 4 GiB, which fits wherever the sandbox runs.
fn mib(number: u64) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX).saturating_mul(MIB)
}
