//! Metrics of the process as a whole: version, start, CPU, memory. Read from `/proc/self` when scraped, so they cost nothing
//! in between; where there is no `/proc` the two that need it are left out.

use std::fmt;
use std::time::{SystemTime, UNIX_EPOCH};

use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeMetric};
use prometheus_client::metrics::counter::ConstCounter;
use prometheus_client::metrics::gauge::ConstGauge;
use prometheus_client::metrics::info::Info;
use prometheus_client::registry::Registry;

use super::families;
use crate::names::{self, Name};

/// Clock ticks per second in `/proc/self/stat`: USER_HZ, which Linux keeps at 100 for every architecture we build for,
/// whatever the kernel's own tick (proc(5), sysconf(3)).
const TICKS_PER_SECOND: f64 = 100.0;

/// Registers the process metrics; the start time is now.
pub(super) fn register(registry: &mut Registry) {
    let build = Info::new(vec![("version", env!("CARGO_PKG_VERSION"))]);
    families::register(registry, &names::BUILD, build);
    let started = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    registry.register_collector(Box::new(Process { started: started.as_secs_f64() }));
}

#[derive(Debug)]
struct Process {
    /// Seconds since 1970.
    started: f64,
}

impl Collector for Process {
    fn encode(&self, mut encoder: DescriptorEncoder) -> fmt::Result {
        expose(&mut encoder, &names::PROCESS_START, &ConstGauge::new(self.started))?;
        if let Some(seconds) = read("/proc/self/stat").as_deref().and_then(cpu_seconds) {
            expose(&mut encoder, &names::PROCESS_CPU, &ConstCounter::new(seconds))?;
        }
        if let Some(bytes) = read("/proc/self/status").as_deref().and_then(resident_bytes) {
            expose(&mut encoder, &names::PROCESS_MEMORY, &ConstGauge::new(bytes))?;
        }
        Ok(())
    }
}

fn expose(encoder: &mut DescriptorEncoder, name: &Name, metric: &impl EncodeMetric) -> fmt::Result {
    let (stem, unit) = families::stem_and_unit(name);
    // The registry ends help texts with a full stop by itself, a collector has to.
    let help = format!("{}.", name.help);
    metric.encode(encoder.encode_descriptor(stem, &help, unit.as_ref(), metric.metric_type())?)
}

fn read(path: &str) -> Option<String> {
    std::fs::read_to_string(path).ok()
}

/// User and system time of all threads: fields 14 and 15 of `stat`. The second field is the program's name in brackets and
/// may hold spaces and brackets itself, so counting starts behind its last bracket, at field 3.
fn cpu_seconds(stat: &str) -> Option<f64> {
    let (_, rest) = stat.rsplit_once(')')?;
    let mut fields = rest.split_ascii_whitespace().skip(14 - 3);
    let user: u64 = fields.next()?.parse().ok()?;
    let system: u64 = fields.next()?.parse().ok()?;
    Some((user + system) as f64 / TICKS_PER_SECOND)
}

/// `VmRSS` of `status`, which is in KiB whatever the page size.
fn resident_bytes(status: &str) -> Option<u64> {
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kib: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    kib.checked_mul(1024)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cpu_time_is_found_behind_a_program_name_with_brackets_and_spaces() {
        let stat = "7 (a) R) (b) S 1 2 3 4 5 6 7 8 9 10 150 50 0 0 20 0 9 0 100 1 2";
        assert_eq!(cpu_seconds(stat), Some(2.0));
        assert_eq!(cpu_seconds("7 (cut) S 1 2"), None);
        assert_eq!(cpu_seconds(""), None);
    }

    #[test]
    fn resident_memory_is_in_bytes() {
        assert_eq!(resident_bytes("Name:\tx\nVmRSS:\t   1024 kB\nThreads:\t1\n"), Some(1 << 20));
        assert_eq!(resident_bytes("VmRSS:\t many kB\n"), None);
        assert_eq!(resident_bytes("Name:\tx\n"), None);
    }

    #[test]
    fn this_process_has_a_size_and_a_cpu_time() {
        assert!(read("/proc/self/status").as_deref().and_then(resident_bytes).unwrap() > 1 << 20);
        assert!(read("/proc/self/stat").as_deref().and_then(cpu_seconds).is_some());
    }
}
