use super::*;

type Seen = Arc<Mutex<Vec<(Origin, Level, String)>>>;

fn log(bytes_per_s: usize) -> (Log, Seen) {
    let seen = Seen::default();
    let theirs = Arc::clone(&seen);
    let sink: LogSink = Arc::new(move |line| {
        theirs.lock().unwrap().push((line.origin, line.level, line.message.to_owned()));
    });
    (Log::new("orders", bytes_per_s, sink), seen)
}

fn messages(seen: &Seen) -> Vec<String> {
    seen.lock().unwrap().iter().map(|(_, _, message)| message.clone()).collect()
}

#[test]
fn bytes_become_lines_whatever_pieces_they_come_in() {
    let (log, seen) = log(1000);
    log.write(Origin::Stdout, b"one\r\ntw");
    log.write(Origin::Stderr, b"other");
    log.write(Origin::Stdout, b"o\n\nthr");
    assert_eq!(messages(&seen), ["one", "two"], "an empty line says nothing");
    log.finish();
    assert_eq!(messages(&seen), ["one", "two", "thr", "other"]);
    assert_eq!(seen.lock().unwrap()[3].1, Level::Warn);
}

#[test]
fn a_long_line_is_cut_and_not_dropped() {
    let (log, seen) = log(100_000);
    log.write(Origin::Stdout, &[b'x'; 10_000]);
    log.write(Origin::Stdout, b"y\nnext\n");
    log.line(Level::Info, None, &"é".repeat(5000));
    let lengths: Vec<usize> = messages(&seen).iter().map(String::len).collect();
    assert_eq!((lengths, log.take_dropped()), (vec![4096, 4, 4096], 0));
}

#[test]
fn what_is_beyond_the_limit_is_dropped_and_counted() {
    let (log, seen) = log(10);
    for _ in 0..5 {
        log.write(Origin::Stdout, b"four\n");
    }
    assert_eq!((messages(&seen).len(), log.take_dropped(), log.take_dropped()), (2, 3, 0));
}

#[test]
fn the_allowance_comes_back_after_a_second() {
    let (start, mut allowance) = (Instant::now(), Allowance::new(10));
    assert!(allowance.take(10, start) && !allowance.take(1, start + Duration::from_millis(999)));
    assert!(allowance.take(10, start + Duration::from_secs(1)));
    assert!(!Allowance::new(0).take(1, start), "no allowance, no line");
}

#[test]
fn bytes_that_would_steer_a_terminal_are_replaced() {
    let (log, seen) = log(1000);
    log.write(Origin::Stdout, b"\x1b[31mred\tand \xff\n");
    log.line(Level::Error, Some(3), "two\nlines");
    assert_eq!(messages(&seen), ["\u{fffd}[31mred\tand \u{fffd}", "two\u{fffd}lines"]);
}

#[test]
fn the_end_of_stderr_is_kept_for_the_call_only() {
    let (log, _) = log(0);
    log.write(Origin::Stderr, b"panicked at src/lib.rs:1:1:\nno\n");
    assert_eq!(log.take_tail(), "panicked at src/lib.rs:1:1:\nno\n", "although its lines were dropped");
    for _ in 0..1000 {
        log.write(Origin::Stderr, "é\n".as_bytes());
    }
    log.write(Origin::Stderr, b"last\n");
    let tail = log.take_tail();
    assert!(tail.len() <= TAIL_BYTES_MAX && tail.ends_with("last\n"), "{}", tail.len());
    log.write(Origin::Stderr, b"before\n");
    log.begin();
    assert_eq!(log.take_tail(), "");
}
