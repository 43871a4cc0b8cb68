//! How much memory this process has had at its most; what the kernel says, not what an allocator thinks.

use std::fs;

/// Peak of resident memory since the last [`forget_peak`], in MiB.
pub fn peak_mib() -> u64 {
    let status = fs::read_to_string("/proc/self/status").expect("Linux says how a process is doing");
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).expect("the peak is in it");
    line.trim().trim_end_matches(" kB").parse::<u64>().expect("it is a number") / 1024
}

/// The peak is what is in use now.
pub fn forget_peak() {
    fs::write("/proc/self/clear_refs", "5").expect("a process may forget its own peak");
}
