//! `wasmill:plugin/lifecycle`, and the types of the call that follows it.

use crate::engine::Engine;
use crate::entry::{Moment, enter};
use crate::exports::{Exports, World};
use crate::failure::During;
use crate::host::{Host, store};
use crate::telemetry::Counters;
use crate::wasi::log::Log;
use crate::{fast, typed};
use wasmill_config::PluginLimits;
use wasmill_record::InvokeError;
use wasmtime::Store;
use wasmtime::component::{ComponentType, Func, InstancePre, Lift};

/// What is wrong with a configuration, in the guest's words.
#[derive(Debug, ComponentType, Lift)]
#[component(record)]
pub(crate) struct Problem {
    pub(crate) path: String,
    pub(crate) message: String,
}

/// The overrides, or what is wrong.
pub(crate) type Configured = Result<Option<String>, Vec<Problem>>;

/// A component whose imports are satisfied: instances are made from it.
pub(crate) struct Linked {
    pub(crate) engine: Engine,
    pub(crate) pre: InstancePre<Host>,
    pub(crate) exports: Exports,
    pub(crate) limits: PluginLimits,
}

/// An instance in a store of its own. After any failure the store is dead: drop it and start another.
pub(crate) struct Started {
    pub(crate) store: Store<Host>,
    /// Memory that it has from the beginning, before anything is asked of it.
    pub(crate) own_bytes: usize,
    describe: Func,
    configure: Func,
    pub(crate) process: Func,
}

impl Started {
    /// Runs the guest's start code, within the deadline for starts.
    pub(crate) fn new(linked: &Linked, log: Log, counters: Counters) -> Result<Started, InvokeError> {
        let Linked { engine, pre, exports, limits } = linked;
        let mut store = store(engine, limits, log, counters);
        let instance = enter(engine, &mut store, limits.start_deadline, Moment::default(), During::Start, |store| {
            pre.instantiate(store)
        })?;
        let mut function = |index| instance.get_func(&mut store, index);
        let functions = (function(exports.describe), function(exports.configure), function(exports.process));
        match functions {
            (Some(describe), Some(configure), Some(process)) => {
                let own_bytes = store.data().memory_bytes();
                Ok(Started { store, own_bytes, describe, configure, process })
            }
            _ => Err(InvokeError::Host("an export that was there at load is gone".to_owned())),
        }
    }

    /// Whether the functions have the contract's types.
    ///
    /// # Errors
    /// Which has not, in words that follow the plugin's name.
    pub(crate) fn check_types(&self, world: World) -> Result<(), String> {
        let other = |function: &str, error: wasmtime::Error| format!("exports another `{function}`: {error:#}");
        self.describe.typed::<(), (String,)>(&self.store).map_err(|error| other("describe", error))?;
        self.configure.typed::<(&str,), (Configured,)>(&self.store).map_err(|error| other("configure", error))?;
        let process = match world {
            World::Fast => fast::check_type(self.process, &self.store),
            World::Typed => typed::check_type(self.process, &self.store),
        };
        process.map_err(|error| other("process", error))
    }

    pub(crate) fn describe(&mut self, linked: &Linked) -> Result<String, InvokeError> {
        let describe = self.describe;
        let budget = linked.limits.start_deadline;
        enter(&linked.engine, &mut self.store, budget, Moment::default(), During::Setup, |store| {
            let describe = describe.typed::<(), (String,)>(&*store)?;
            Ok(describe.call(store, ())?.0)
        })
    }

    /// Within what the start has left of its deadline.
    pub(crate) fn configure(&mut self, linked: &Linked, config: &str) -> Result<Configured, InvokeError> {
        let configure = self.configure;
        let budget = linked.limits.start_deadline.saturating_sub(self.store.data().deadline.used());
        enter(&linked.engine, &mut self.store, budget, Moment::default(), During::Setup, |store| {
            let configure = configure.typed::<(&str,), (Configured,)>(&*store)?;
            Ok(configure.call(store, (config,))?.0)
        })
    }
}
