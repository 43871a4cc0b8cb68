use super::*;
use proptest::prelude::*;
use wasmill_record::{Emission, HeaderRun, HeaderSpan, Span};

fn policy() -> Policy {
    let backoff = Backoff { initial: Duration::from_millis(100), max: Duration::from_secs(10) };
    Policy { attempts_max: 3, backoff, outputs: 2 }
}

fn words(reply: &mut Reply, code: &str, message: &[u8]) -> (Span, Span) {
    (reply.keep(code.as_bytes()), reply.keep(message))
}

fn emission(output: u16) -> Emission {
    Emission {
        output,
        key: Field::Inherit,
        value: Field::Null,
        inherit_headers: true,
        headers: HeaderRun::default(),
        timestamp: None,
        partition: None,
    }
}

#[test]
fn what_is_written_goes_to_outputs_that_exist() {
    let mut reply = Reply::default();
    let decided = |outcome: Outcome, reply: &Reply| decide(&outcome, reply, 1, 0, &policy());
    assert_eq!(decided(Outcome::Forward { output: 1 }, &reply), Ok(Disposition::Forward { output: 1 }));
    assert!(decided(Outcome::Forward { output: 2 }, &reply).is_err());
    assert_eq!(decided(Outcome::Drop, &reply), Ok(Disposition::Skip));
    reply.emissions.extend([emission(0), emission(1), emission(2)]);
    let emit = |first, count| Outcome::Emit { first, count };
    assert_eq!(decided(emit(0, 2), &reply), Ok(Disposition::Emit { first: 0, count: 2 }));
    assert_eq!(decided(emit(0, 0), &reply), Ok(Disposition::Emit { first: 0, count: 0 }));
    assert!(decided(emit(0, 3), &reply).is_err(), "one of them names output 2");
    assert!(decided(emit(2, 2), &reply).is_err(), "past the end");
    assert!(decided(emit(u32::MAX, u32::MAX), &reply).is_err());
}

#[test]
fn emissions_with_impossible_numbers_are_refused() {
    let reply = |change: fn(&mut Emission)| {
        let mut emission = emission(0);
        change(&mut emission);
        Reply { emissions: vec![emission], ..Reply::default() }
    };
    let first = Outcome::Emit { first: 0, count: 1 };
    for reply in [
        reply(|e| e.partition = Some(-1)),
        reply(|e| e.timestamp = Some(-2)),
        reply(|e| e.key = Field::Bytes(Span { at: 0, len: 1 })),
        reply(|e| e.value = Field::Bytes(Span { at: u32::MAX, len: u32::MAX })),
    ] {
        assert!(decide(&first, &reply, 1, 0, &policy()).is_err(), "{:?}", reply.emissions);
    }
}

#[test]
fn headers_of_an_emission_lie_within_the_reply() {
    let inside = Span { at: 0, len: 4 };
    let outside = Span { at: 1, len: 4 };
    for (name, value, count, legal) in [
        (inside, Some(inside), 1, true),
        (inside, None, 1, true),
        (outside, None, 1, false),
        (inside, Some(outside), 1, false),
        (inside, None, 2, false),
        (inside, None, u32::MAX, false),
    ] {
        let emissions = vec![Emission { headers: HeaderRun { first: 0, count }, ..emission(0) }];
        let headers = vec![HeaderSpan { name, value }];
        let reply = Reply { emissions, headers, bytes: b"name".to_vec(), ..Reply::default() };
        let decided = decide(&Outcome::Emit { first: 0, count: 1 }, &reply, 1, 0, &policy());
        assert_eq!(decided.is_ok(), legal, "{name:?} {value:?} {count}");
    }
}

#[test]
fn a_rejected_record_is_a_dead_letter_at_once() {
    let mut reply = Reply::default();
    let (code, message) = words(&mut reply, "no-items", b"an order needs one");
    let decided = decide(&Outcome::Reject { code, message }, &reply, 1, 0, &policy());
    assert_eq!(decided, Ok(Disposition::DeadLetter(Code::Plugin { code, message })));
}

#[test]
fn a_retry_waits_until_its_attempts_are_used_up() {
    let mut reply = Reply::default();
    let (code, message) = words(&mut reply, "later", b"");
    let retry = |after_ms| Outcome::Retry { after_ms, code, message };
    let wait = |ms| Ok(Disposition::RetryLater { wait: Duration::from_millis(ms) });
    assert_eq!(decide(&retry(0), &reply, 1, 0, &policy()), wait(100));
    assert_eq!(decide(&retry(0), &reply, 2, 0, &policy()), wait(200));
    assert_eq!(decide(&retry(77), &reply, 2, 0, &policy()), wait(77));
    assert_eq!(
        decide(&retry(77), &reply, 3, 0, &policy()),
        Ok(Disposition::DeadLetter(Code::Exhausted { code, message }))
    );
}

#[test]
fn codes_and_messages_are_checked_before_they_are_used() {
    let long = "x".repeat(65);
    for (code, message, legal) in [
        ("a", &b""[..], true),
        ("no-items-2", b"text", true),
        ("", b"", false),
        ("No", b"", false),
        ("a b", b"", false),
        (long.as_str(), b"", false),
        ("a", &[0xff], false),
        ("a", &[b'x'; 1025], false),
    ] {
        let mut reply = Reply::default();
        let (code_span, message) = words(&mut reply, code, message);
        let decided = decide(&Outcome::Reject { code: code_span, message }, &reply, 1, 0, &policy());
        assert_eq!(decided.is_ok(), legal, "{code}");
    }
}

proptest! {
    #[test]
    fn no_reply_makes_the_host_panic(
        kind in 0u8..5, a: u32, b: u32, c: u32, d: u32, e: u32,
        bytes in prop::collection::vec(any::<u8>(), 0..64),
        attempt in 1u32..10, spread: u8,
    ) {
        let (code, message) = (Span { at: a, len: b }, Span { at: c, len: d });
        let outcome = match kind {
            0 => Outcome::Forward { output: a as u16 },
            1 => Outcome::Drop,
            2 => Outcome::Emit { first: a, count: b },
            3 => Outcome::Reject { code, message },
            _ => Outcome::Retry { after_ms: e, code, message },
        };
        let key = Field::Bytes(code);
        let emissions = vec![Emission { output: e as u16, key, value: Field::Inherit, inherit_headers: false, headers: HeaderRun { first: c % 4, count: d % 4 }, timestamp: None, partition: None }];
        let headers = vec![HeaderSpan { name: code, value: Some(message) }];
        let reply = Reply { outcomes: vec![outcome], emissions, headers, bytes, ..Reply::default() };
        let decided = decide(&outcome, &reply, attempt, spread, &policy());
        if let Ok(Disposition::RetryLater { wait }) = decided {
            prop_assert!(attempt < 3 && wait <= RETRY_AFTER_MAX);
        }
    }
}
