//! The plugin of a pipeline, behind the seam that the workers know.
//!
//! Says nothing about what a plugin may do. Called by `start` for each worker, and by whoever checks a configuration.

#[cfg(feature = "native-plugins")]
pub use crate::native::NATIVE_PLUGINS;

use wasmill_config::PluginKind;
use wasmill_record::{Batch, Invoke};

/// The native plugins that this build has: none without the feature `native-plugins`.
#[cfg(not(feature = "native-plugins"))]
pub const NATIVE_PLUGINS: &[&str] = &[];

/// One instance; `None` when there is no such plugin in this build.
pub(crate) fn instance<B: Batch>(kind: &PluginKind) -> Option<Box<dyn Invoke<B>>> {
    match kind {
        #[cfg(feature = "native-plugins")]
        PluginKind::Native(name) => Some(Box::new(crate::native::Native::find(name)?)),
        #[cfg(not(feature = "native-plugins"))]
        PluginKind::Native(_) => None,
        PluginKind::Wasm(_) => None,
    }
}
