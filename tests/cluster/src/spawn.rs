//! Starts children that die with this process, also when it is killed with `kill -9`.
//!
//! Linux sends the parent-death signal when the *thread* that started the child ends. Test threads end with their test,
//! so every child is started by one thread that lives as long as the process.

use std::os::unix::process::CommandExt;
use std::process::{Child, Command};
use std::sync::OnceLock;
use std::sync::mpsc::{SyncSender, sync_channel};

struct Request {
    command: Command,
    answer: SyncSender<std::io::Result<Child>>,
}

/// A sender waits when this many starts are queued: a start takes a millisecond.
const REQUESTS_MAX: usize = 16;

/// Starts a child in its own process group (a Ctrl-C reaches us and not the broker), killed when this process ends.
pub(crate) fn tied_to_this_process(command: Command) -> std::io::Result<Child> {
    static THREAD: OnceLock<SyncSender<Request>> = OnceLock::new();
    let requests = THREAD.get_or_init(start_thread);
    let (answer, answered) = sync_channel(1);
    let gone = || std::io::Error::other("the thread that starts children is gone");
    requests.send(Request { command, answer }).map_err(|_| gone())?;
    // No timeout: the other thread does nothing but fork and exec.
    answered.recv().map_err(|_| gone())?
}

fn start_thread() -> SyncSender<Request> {
    let (sender, requests) = sync_channel::<Request>(REQUESTS_MAX);
    std::thread::spawn(move || {
        for Request { command, answer } in requests {
            // A caller that has gone away drops its child here; nobody does.
            let _ = answer.send(start(command));
        }
    });
    sender
}

fn start(mut command: Command) -> std::io::Result<Child> {
    let parent = std::process::id();
    command.process_group(0);
    // SAFETY: between fork and exec only prctl and getppid are called, which are async-signal-safe.
    unsafe {
        command.pre_exec(move || {
            if libc::prctl(libc::PR_SET_PDEATHSIG, libc::SIGKILL) != 0 {
                return Err(std::io::Error::last_os_error());
            }
            // The parent may have ended before the signal was armed.
            if libc::getppid().unsigned_abs() != parent {
                return Err(std::io::Error::from_raw_os_error(libc::ESRCH));
            }
            Ok(())
        });
    }
    command.spawn()
}
