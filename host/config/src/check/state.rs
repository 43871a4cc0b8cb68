//! What keyed state may take, and what a pipeline says about its plugin's stores.

use std::time::Duration;

use super::Context;
use crate::checked::{StateLimits, StoreOptions};
use crate::raw;
use crate::reader::Field;
use crate::scalar::Int;

const MIB: usize = 1024 * 1024;

pub(super) fn limits(raw: &raw::State) -> StateLimits {
    StateLimits {
        cache_bytes: number(&raw.cache_mib).saturating_mul(MIB),
        write_buffer_bytes: number(&raw.write_buffer_mib).saturating_mul(MIB),
        open_files_max: number(&raw.open_files_max),
        overlay_bytes_max: number(&raw.overlay_mib).saturating_mul(MIB),
        key_bytes_max: number(&raw.key_bytes_max),
        value_bytes_max: number(&raw.value_bytes_max),
    }
}

/// As given, or the default.
fn number<const MIN: u64, const MAX: u64, const DEFAULT: u64>(field: &Field<Int<MIN, MAX, DEFAULT>>) -> usize {
    let number = field.given().map_or_else(Int::default, |(number, _)| *number);
    usize::try_from(number.0).unwrap_or(usize::MAX)
}

pub(super) fn stores(raw: Field<raw::Stores>, context: &Context<'_>) -> Vec<StoreOptions> {
    let items = raw.value().map(|stores| stores.items).unwrap_or_default();
    let options = |item: crate::reader::Item<raw::Store>| {
        let ttl = item.value?.ttl_ms.value().map(|ttl| Duration::from_millis(ttl.0));
        Some(StoreOptions { name: item.name, ttl, place: context.problems.place(&item.at) })
    };
    items.into_iter().filter_map(options).collect()
}
