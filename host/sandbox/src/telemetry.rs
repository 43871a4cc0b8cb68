//! `wasmill:plugin/telemetry`: what a plugin tells people.

use crate::failure::{Breach, Panic, cut};
use crate::host::Host;
use crate::wasi::log::Level;
use wasmtime::StoreContextMut;
use wasmtime::component::{ComponentType, Lift, Linker, WasmStr};

/// Of a panic's words.
const PANIC_BYTES_MAX: usize = 2048;

#[derive(ComponentType, Lift, Clone, Copy)]
#[component(enum)]
#[repr(u8)]
#[expect(dead_code, reason = "made by lifting")]
enum Said {
    #[component(name = "trace")]
    Trace,
    #[component(name = "debug")]
    Debug,
    #[component(name = "info")]
    Info,
    #[component(name = "warn")]
    Warn,
    #[component(name = "error")]
    Error,
}

impl From<Said> for Level {
    fn from(said: Said) -> Level {
        match said {
            Said::Trace => Level::Trace,
            Said::Debug => Level::Debug,
            Said::Info => Level::Info,
            Said::Warn => Level::Warn,
            Said::Error => Level::Error,
        }
    }
}

pub(crate) fn link(linker: &mut Linker<Host>) -> wasmtime::Result<()> {
    let mut telemetry = linker.instance("wasmill:plugin/telemetry@0.1.0")?;
    type Context<'a> = StoreContextMut<'a, Host>;
    telemetry.func_wrap("log", |context: Context<'_>, (level, at, message): (Said, Option<u32>, WasmStr)| {
        let message = message.to_str(&context)?;
        context.data().log.line(level.into(), at, &message);
        Ok(())
    })?;
    telemetry.func_wrap("add", |mut context: Context<'_>, (counter, by): (u16, u64)| {
        context
            .data_mut()
            .counters
            .add(counter, by)
            .ok_or_else(|| Breach::error("added to a counter that is not in its manifest"))
    })?;
    type Panicked = (Option<u32>, WasmStr, WasmStr);
    telemetry.func_wrap("panicked", |mut context: Context<'_>, (at, message, place): Panicked| {
        let text = |text: WasmStr| -> wasmtime::Result<String> {
            let mut text = text.to_str(&context)?.into_owned();
            cut(&mut text, PANIC_BYTES_MAX);
            Ok(text)
        };
        let panic = Panic { at, message: text(message)?, place: text(place)? };
        context.data_mut().panic = Some(panic);
        Ok(())
    })
}

/// The plugin's own counters, as many as its manifest lists. What a call adds counts once its answer is kept.
#[derive(Debug, Clone, Default)]
pub(crate) struct Counters {
    pending: Vec<u64>,
    kept: Vec<u64>,
    touched: bool,
}

impl Counters {
    pub(crate) fn new(count: usize) -> Counters {
        Counters { pending: vec![0; count], kept: vec![0; count], touched: false }
    }

    fn add(&mut self, counter: u16, by: u64) -> Option<()> {
        let counter = self.pending.get_mut(usize::from(counter))?;
        *counter = counter.saturating_add(by);
        self.touched = true;
        Some(())
    }

    /// The answer of the call is kept.
    pub(crate) fn keep(&mut self) {
        if self.touched {
            for (kept, pending) in self.kept.iter_mut().zip(&mut self.pending) {
                *kept = kept.saturating_add(std::mem::take(pending));
            }
        }
        self.touched = false;
    }

    /// Calls `each` with the number of every counter that has grown since the last time.
    pub(crate) fn take(&mut self, mut each: impl FnMut(usize, u64)) {
        for (number, kept) in self.kept.iter_mut().enumerate().filter(|(_, kept)| **kept > 0) {
            each(number, std::mem::take(kept));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_call_adds_counts_once_it_is_kept() {
        let mut counters = Counters::new(2);
        let taken = |counters: &mut Counters| {
            let mut taken = Vec::new();
            counters.take(|number, by| taken.push((number, by)));
            taken
        };
        assert_eq!((counters.add(1, 5), counters.add(2, 1)), (Some(()), None));
        assert_eq!(taken(&mut counters), []);
        counters.keep();
        counters.keep();
        assert_eq!(taken(&mut counters), [(1, 5)]);
        assert_eq!(taken(&mut counters), []);
    }
}
