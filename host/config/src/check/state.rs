//! What a process keeps on disk, and the stores of a pipeline: what their values must be to each other.

use std::path::PathBuf;
use std::time::Duration;

use super::Context;
use super::pipeline::size;
use crate::checked::{Delivery, StateLimits, Store};
use crate::raw;
use crate::reader::{Field, Item};

const MIB: u64 = 1 << 20;

/// Stores of the host itself.
const RESERVED: &[&str] = &["retry"];

/// Where state is kept, and its bounds; both have their defaults when the section is not there.
pub(super) fn state(raw: Field<raw::State>, context: &Context<'_>) -> (Option<PathBuf>, StateLimits) {
    let Some(raw) = raw.value() else {
        return (None, limits(raw::State::default(), context));
    };
    let raw::State { directory, .. } = &raw;
    let directory = match directory {
        Field::Given(directory, _) => Some(context.folder.join(&directory.0)),
        Field::Wrong => None,
        Field::Absent(at) => {
            context.problems.push(at, "this key is missing", Some("add `directory: /var/lib/wasmill`".to_owned()));
            None
        }
    };
    (directory, limits(raw, context))
}

fn limits(raw: raw::State, context: &Context<'_>) -> StateLimits {
    let at = [
        raw.overlay_mib.given().map(|(_, at)| at.clone()),
        raw.value_bytes_max.given().map(|(_, at)| at.clone()),
        raw.key_bytes_max.given().map(|(_, at)| at.clone()),
    ];
    let overlay_mib = raw.overlay_mib.value().unwrap_or_default().0;
    let key = raw.key_bytes_max.value().unwrap_or_default();
    let value = raw.value_bytes_max.value().unwrap_or_default();
    // With the defaults alone it holds, so one of the three is in the file.
    if let Some(at) = at.into_iter().flatten().next().filter(|_| key.0 + value.0 > overlay_mib * MIB) {
        let message = format!(
            "`overlay_mib` is {overlay_mib}, and a key and a value of the largest size (`key_bytes_max` {}, `value_bytes_max` \
             {}) don't fit into it",
            key.0, value.0
        );
        let enough = (key.0 + value.0).div_ceil(MIB);
        context.problems.push(&at, message, Some(format!("set `overlay_mib` to {enough} or more")));
    }
    StateLimits {
        cache_bytes: raw.cache_mib.value().unwrap_or_default().0 * MIB,
        write_buffer_bytes: raw.write_buffer_mib.value().unwrap_or_default().0 * MIB,
        overlay_bytes: usize::try_from(overlay_mib * MIB).unwrap_or(usize::MAX),
        key_bytes_max: size(key),
        value_bytes_max: size(value),
        open_files_max: size(raw.open_files_max.value().unwrap_or_default()),
    }
}

pub(super) fn stores(raw: Field<raw::Stores>, delivery: Delivery, context: &Context<'_>) -> Vec<Store> {
    let Field::Given(raw, at) = raw else { return Vec::new() };
    if delivery == Delivery::AtLeastOnce && !raw.items.is_empty() {
        let message = "`stores` with `delivery: at_least_once`: a record that comes twice would change state twice";
        let hint = "remove `delivery`, or use a plugin without stores";
        context.problems.push(&at, message, Some(hint.to_owned()));
    }
    let store = |item: Item<raw::Store>| {
        if RESERVED.contains(&item.name.as_str()) {
            let message = format!("`{}` is a store of wasmill's own", item.name);
            context.problems.push(&item.at, message, Some("a plugin's store has another name".to_owned()));
        }
        let ttl = item.value?.ttl_ms.value().map(|ttl| Duration::from_millis(ttl.0));
        Some(Store { ttl, place: context.problems.place(&item.at), name: item.name })
    };
    raw.items.into_iter().filter_map(store).collect()
}
