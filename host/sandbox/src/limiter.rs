//! Linear memory and tables of one instance. Growing too far ends the call: an answer of -1 would end in the guest's own
//! abort, which can't be told from any other.

use crate::failure::{HostFault, OutOfMemory};
use wasmtime::ResourceLimiter;

/// Elements of one table: function pointers, of which CPython has some ten thousand. 8 bytes each.
const TABLE_ELEMENTS_MAX: usize = 100_000;

/// Core instances, memories and tables of one component: a Python plugin with native extensions has some dozens.
const INSTANCES_MAX: usize = 128;

pub(crate) struct Limiter {
    memory_bytes_max: usize,
    /// All memories together.
    memory_bytes: usize,
    before_growth: usize,
}

impl Limiter {
    pub(crate) fn new(memory_bytes_max: usize) -> Limiter {
        Limiter { memory_bytes_max, memory_bytes: 0, before_growth: 0 }
    }

    pub(crate) fn memory_bytes(&self) -> usize {
        self.memory_bytes
    }
}

impl ResourceLimiter for Limiter {
    fn memory_growing(&mut self, current: usize, desired: usize, maximum: Option<usize>) -> wasmtime::Result<bool> {
        if maximum.is_some_and(|maximum| desired > maximum) {
            // The plugin's own maximum: it asked for that answer.
            return Ok(false);
        }
        let wanted = self.memory_bytes.saturating_sub(current).saturating_add(desired);
        if wanted > self.memory_bytes_max {
            return Err(wasmtime::Error::new(OutOfMemory { wanted, most: self.memory_bytes_max }));
        }
        self.before_growth = self.memory_bytes;
        self.memory_bytes = wanted;
        Ok(true)
    }

    /// It was allowed, and the machine has not got it.
    fn memory_grow_failed(&mut self, error: wasmtime::Error) -> wasmtime::Result<()> {
        self.memory_bytes = self.before_growth;
        Err(wasmtime::Error::new(HostFault(format!("the machine gives no more memory: {error:#}"))))
    }

    fn table_growing(&mut self, _current: usize, desired: usize, maximum: Option<usize>) -> wasmtime::Result<bool> {
        Ok(desired <= TABLE_ELEMENTS_MAX && maximum.is_none_or(|maximum| desired <= maximum))
    }

    fn instances(&self) -> usize {
        INSTANCES_MAX
    }

    fn tables(&self) -> usize {
        INSTANCES_MAX
    }

    fn memories(&self) -> usize {
        INSTANCES_MAX
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MIB: usize = 1 << 20;

    #[test]
    fn all_memories_count_together() {
        let mut limiter = Limiter::new(10 * MIB);
        assert!(limiter.memory_growing(0, 4 * MIB, None).unwrap());
        assert!(limiter.memory_growing(0, 5 * MIB, None).unwrap());
        assert!(limiter.memory_growing(4 * MIB, 5 * MIB, None).unwrap());
        assert_eq!(limiter.memory_bytes(), 10 * MIB);
        let error = limiter.memory_growing(5 * MIB, 6 * MIB, None).unwrap_err();
        assert_eq!(error.downcast_ref::<OutOfMemory>(), Some(&OutOfMemory { wanted: 11 * MIB, most: 10 * MIB }));
    }

    #[test]
    fn a_plugins_own_maximum_is_its_own_affair() {
        let mut limiter = Limiter::new(10 * MIB);
        assert!(!limiter.memory_growing(MIB, 20 * MIB, Some(2 * MIB)).unwrap());
        assert_eq!(limiter.memory_bytes(), 0);
    }

    #[test]
    fn memory_that_the_machine_has_not_got_is_the_hosts_fault() {
        let mut limiter = Limiter::new(10 * MIB);
        assert!(limiter.memory_growing(0, 4 * MIB, None).unwrap());
        let error = limiter.memory_grow_failed(wasmtime::Error::msg("mprotect")).unwrap_err();
        assert!(error.is::<HostFault>(), "{error}");
        assert_eq!(limiter.memory_bytes(), 0);
    }
}
