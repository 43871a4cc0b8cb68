//! The component: the contract's bindings, and the little between them and the rest of the SDK. `export!` calls it.

#![allow(missing_docs, unreachable_pub, clippy::undocumented_unsafe_blocks, reason = "generated from the contract")]

use crate::context::Call;
use crate::{Plugin, config, manifest, run};

wit_bindgen::generate!({
    path: "../wit/plugin.wit",
    world: "plugin",
    pub_export_macro: true,
    default_bindings_module: "wasmill_sdk::component",
});

pub use exports::wasmill::plugin::{batch, lifecycle};
use wasmill::plugin::telemetry;

/// A configured plugin, and what it says differently from its manifest.
pub fn configure<P: Plugin>(json: &str) -> Result<(P, Option<String>), Vec<lifecycle::Problem>> {
    std::panic::set_hook(Box::new(|panic| {
        let place = panic.location().map(ToString::to_string).unwrap_or_default();
        telemetry::panicked(crate::position::current(), panic.payload_as_str().unwrap_or("a panic"), &place);
    }));
    let problem = |it: crate::Problem| lifecycle::Problem { path: it.path, message: it.message };
    match config::configure::<P>(json) {
        Ok(plugin) => {
            let overrides = manifest::overrides(&plugin);
            Ok((plugin, overrides))
        }
        Err(problems) => Err(problems.into_iter().map(problem).collect()),
    }
}

/// Answers a batch.
pub fn process<P: Plugin>(
    (plugin, stores): &mut (P, P::Stores),
    source: batch::Source,
    data: &[u8],
    index: &[u32],
) -> batch::Reply {
    let call = Call {
        input: source.input,
        topic: source.topic,
        partition: source.partition,
        attempt: source.attempt,
        now_ms: source.now,
        seed: source.seed,
    };
    let wasmill_wire::ReplyBuffers { actions, args, data } = run::run(plugin, stores, call, data, index);
    batch::Reply { actions, args, data }
}
