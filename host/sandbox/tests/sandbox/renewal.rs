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

#[test]
fn an_instance_that_can_not_be_started_is_the_hosts_trouble_and_no_records() {
    // Configures itself on the first instance and never again: it says so by a page of memory that no instance has.
    let plugin = Guest::default().load().unwrap();
    let binding = wasmill_sandbox::Binding { pipeline: "shop".to_owned(), inputs: Vec::new(), outputs: vec![Some(0)] };
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
