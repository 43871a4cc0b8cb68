//! Memory of a guest is a cache: when it goes, and what it must not take with it.

use crate::support::*;
use wasmill_record::{GuestFailureKind, Invoke, InvokeError, Outcome};

/// Drops its n-th record on this instance for n > 1, forwards its first: what no plugin should do.
fn remembering() -> Guest {
    let code = format!(
        "(i32.store (i32.const 512) (i32.add (i32.load (i32.const 512)) (i32.const 1)))
         (if (i32.eq (i32.load offset=28 (local.get $index)) (i32.const 4)) (then unreachable))
         (if (i32.gt_u (i32.load (i32.const 512)) (i32.const 1)) (then
            (i32.store8 (i32.const 4096) (i32.const 2))
            (i32.store (i32.const 0) (i32.const 4096)) (i32.store (i32.const 4) (i32.const 1))
            (i64.store (i32.const 8) (i64.const 0)) (i64.store (i32.const 16) (i64.const 0))
            (return (i32.const 0))))
         {FORWARD_ALL}"
    );
    Guest::process(&code)
}

#[test]
fn a_renewed_instance_has_forgotten_everything() {
    let mut instance = remembering().instance();
    let mut first = || call(&mut instance, &Records::many(1)).unwrap().outcomes[0];
    assert_eq!((first(), first()), (Outcome::Forward { output: 0 }, Outcome::Drop));
    Invoke::<Records>::renew(&mut instance);
    assert!(forwards(&call(&mut instance, &Records::many(1)).unwrap()));
    assert_eq!(counts(&mut instance).renewals, 1);
}

#[test]
fn a_failed_call_takes_the_instance_with_it() {
    let mut instance = remembering().instance();
    assert!(forwards(&call(&mut instance, &Records::many(1)).unwrap()));
    assert_eq!(kind(&mut instance, &Records::of(&["trap"])), GuestFailureKind::Trap);
    assert!(forwards(&call(&mut instance, &Records::many(1)).unwrap()));
    assert_eq!(counts(&mut instance).renewals, 1);
}

#[test]
fn a_wrong_answer_takes_the_instance_with_it() {
    let mut instance = Guest::answering(&[1], &[7], &[]).instance();
    for _ in 0..3 {
        assert_eq!(kind(&mut instance, &Records::many(1)), GuestFailureKind::Protocol);
    }
    assert_eq!(counts(&mut instance).renewals, 3);
}

#[test]
fn an_instance_that_has_grown_is_recycled_after_its_answer() {
    // 2 pages to begin with, 20 more per call; 48 are too many.
    let code = format!("(drop (memory.grow (i32.const 20))) {FORWARD_ALL}");
    let mut instance = Guest::process(&code).instance();
    let mut memory = Vec::new();
    for _ in 0..4 {
        assert!(forwards(&call(&mut instance, &Records::many(1)).unwrap()));
        let counts = counts(&mut instance);
        memory.push((counts.memory_bytes >> 16, counts.recycled));
    }
    assert_eq!(memory, [(22, 0), (42, 0), (0, 1), (22, 0)]);
}

/// Says to the child process that it is the one.
const SHORT_OF_ADDRESS_SPACE: &str = "SANDBOX_TEST_SHORT_OF_ADDRESS_SPACE";

/// In a process of its own, because taking away address space can't be confined to a test.
#[test]
fn an_instance_that_can_not_be_started_is_held_against_no_record() {
    if std::env::var_os(SHORT_OF_ADDRESS_SPACE).is_some() {
        return start_without_address_space();
    }
    let mut child = std::process::Command::new(std::env::current_exe().unwrap());
    child.args(["--exact", "renewal::an_instance_that_can_not_be_started_is_held_against_no_record"]);
    let output = child.env(SHORT_OF_ADDRESS_SPACE, "1").output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success() && said.contains("1 passed"), "{said}");
}

fn start_without_address_space() {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    let mut instance = Guest::default().instance();
    assert!(forwards(&call(&mut instance, &Records::many(1)).unwrap()));
    // What is mapped now and a little more; a memory reserves 4 GiB.
    let pages = std::fs::read_to_string("/proc/self/statm").unwrap();
    let pages: u64 = pages.split(' ').next().unwrap().parse().unwrap();
    let maximum = getrlimit(Resource::As).maximum;
    let all = Rlimit { current: getrlimit(Resource::As).current, maximum };
    Invoke::<Records>::renew(&mut instance);
    setrlimit(Resource::As, Rlimit { current: Some(pages * 4096 - (3 << 30)), maximum }).unwrap();
    let error = call(&mut instance, &Records::many(1)).unwrap_err();
    assert!(
        matches!(&error, InvokeError::Host(message) if message.contains("failed to start an instance")),
        "{error:?}"
    );
    setrlimit(Resource::As, all).unwrap();
    assert!(forwards(&call(&mut instance, &Records::many(1)).unwrap()), "as soon as there is some again");
}

#[test]
fn a_record_of_an_input_that_is_not_bound_is_the_hosts_mistake() {
    let plugin = Guest::default().load().unwrap();
    let binding = wasmill_sandbox::Binding {
        pipeline: "shop".to_owned(),
        inputs: Vec::new(),
        outputs: vec![Some(0)],
        stores: [].into(),
    };
    let error = call(&mut plugin.instance(binding), &Records::many(1)).unwrap_err();
    assert!(matches!(error, InvokeError::Host(_)), "{error:?}");
}

#[test]
fn workers_share_the_code_and_nothing_else() {
    let plugin = remembering().load().unwrap();
    std::thread::scope(|scope| {
        for _ in 0..4 {
            let mut instance = started(&plugin);
            scope.spawn(move || {
                for turn in 0..50 {
                    let reply = call(&mut instance, &Records::many(1)).unwrap();
                    assert_eq!(forwards(&reply), turn == 0);
                }
            });
        }
    });
}
