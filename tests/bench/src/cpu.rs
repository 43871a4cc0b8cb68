//! CPU time, of this thread or of this process: what neighbours on the machine disturb least.

use std::mem::MaybeUninit;
use std::time::Duration;

use anyhow::{Result, ensure};

/// So far. One reading costs about half a microsecond where the kernel has to be asked: measure many calls at once.
pub(crate) fn thread() -> Result<Duration> {
    read(libc::CLOCK_THREAD_CPUTIME_ID)
}

/// Of all its threads so far.
pub(crate) fn of_process() -> Result<Duration> {
    read(libc::CLOCK_PROCESS_CPUTIME_ID)
}

fn read(clock: libc::clockid_t) -> Result<Duration> {
    let mut time = MaybeUninit::<libc::timespec>::zeroed();
    // SAFETY: the pointer is to our own variable, which is valid when zeroed.
    let time = unsafe {
        ensure!(libc::clock_gettime(clock, time.as_mut_ptr()) == 0, "no CPU time");
        time.assume_init()
    };
    Ok(Duration::new(u64::try_from(time.tv_sec)?, u32::try_from(time.tv_nsec)?))
}

/// What `work` takes.
///
/// # Errors
/// Those of `work`.
pub(crate) fn of(work: impl FnOnce() -> Result<()>) -> Result<Duration> {
    let before = thread()?;
    work()?;
    Ok(thread()?.saturating_sub(before))
}
