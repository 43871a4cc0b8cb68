//! How processes are started, ended and judged, with a shell script in the product's place.

// A test outside `#[cfg(test)]`: a failed unwrap is a failed test.
#![allow(clippy::unwrap_used)]

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::time::Duration;

use wasmill_chaos::fleet::Fleet;
use wasmill_chaos::pipelines::Components;
use wasmill_chaos::plan::{CrashPoint, SLOTS};
use wasmill_chaos::process::Setting;
use wasmill_chaos::tally::Tally;

/// Dies at its crash point as it should, or as the instance id tells it to.
const SCRIPT: &str = r#"#!/bin/sh
test "$1" = run && test -f "$2" || exit 3
test "$WASMILL_INSTANCE_ID" = chaos-2 && test -f fail && exit 1
if test "$WASMILL_CRASH_POINT" = after-drain:3; then echo '{"message":"crash point after-drain"}' >&2; kill -9 $$; fi
if test "$WASMILL_CRASH_POINT" = mid-batch:3; then echo '{"message":"something else"}' >&2; kill -9 $$; fi
trap 'exit 0' TERM
while :; do sleep 0.02; done
"#;

fn fleet(name: &str) -> Fleet {
    let directory = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(name);
    let _ = fs::remove_dir_all(&directory);
    fs::create_dir_all(&directory).unwrap();
    let binary = directory.join("wasmill");
    fs::write(&binary, SCRIPT).unwrap();
    fs::set_permissions(&binary, fs::Permissions::from_mode(0o755)).unwrap();
    Fleet::new(Setting { binary, components: Components(Vec::new()), bootstrap: "localhost:1".into(), directory })
}

#[test]
fn a_process_that_dies_at_its_crash_point_is_a_hit_and_is_replaced() {
    let (mut fleet, mut tally) = (fleet("hit"), Tally::default());
    fleet.mend(&mut tally).unwrap();
    fleet.start(0, Some((CrashPoint::AfterDrain, 3))).unwrap();
    fleet.get(0).unwrap().wait(Duration::from_secs(10)).unwrap().unwrap();
    fleet.mend(&mut tally).unwrap();
    assert_eq!(tally.crashes.get(&CrashPoint::AfterDrain), Some(&1));
    assert!(tally.violations.is_empty(), "{:?}", tally.violations);
    for slot in 0..SLOTS {
        assert!(fleet.get(slot).unwrap().ended().unwrap().is_none());
        assert!(fleet.get(slot).unwrap().armed.is_none());
    }
}

#[test]
fn a_death_without_the_line_in_the_log_is_a_violation_and_no_hit() {
    let (mut fleet, mut tally) = (fleet("no-line"), Tally::default());
    fleet.start(0, Some((CrashPoint::MidBatch, 3))).unwrap();
    fleet.get(0).unwrap().wait(Duration::from_secs(10)).unwrap().unwrap();
    fleet.mend(&mut tally).unwrap();
    assert!(tally.crashes.is_empty());
    assert_eq!(tally.violations.len(), 1);
    assert!(tally.violations[0].contains("ended by itself: signal 9"), "{:?}", tally.violations);
}

#[test]
fn a_process_that_gives_up_is_a_violation_with_the_end_of_its_log() {
    let (mut fleet, mut tally) = (fleet("gives-up"), Tally::default());
    fs::write(fleet.setting.directory.join("fail"), "").unwrap();
    fleet.start(2, None).unwrap();
    fleet.get(2).unwrap().wait(Duration::from_secs(10)).unwrap().unwrap();
    fs::remove_file(fleet.setting.directory.join("fail")).unwrap();
    fleet.mend(&mut tally).unwrap();
    assert_eq!(tally.violations.len(), 1);
    assert!(tally.violations[0].contains("process 2 ended by itself: exit 1"), "{:?}", tally.violations);
}

#[test]
fn a_termination_is_clean_only_with_exit_0_and_a_stopped_process_goes_on() {
    let (mut fleet, mut tally) = (fleet("terminate"), Tally::default());
    fleet.start(0, None).unwrap();
    fleet.get(0).unwrap().signal(libc::SIGSTOP).unwrap();
    assert!(fleet.get(0).unwrap().is_stopped());
    fleet.wake().unwrap();
    assert!(!fleet.get(0).unwrap().is_stopped());
    assert!(fleet.terminate(0, &mut tally).unwrap());
    assert!(!fleet.is_running(0));
    assert!(tally.violations.is_empty(), "{:?}", tally.violations);
}
