//! Words that do not belong in our sources, line by line. Comments do not count; strings do.

use super::workspace::{Source, Workspace};

/// What is looked for, why it is refused, and what to do. In two halves, so that this file does not find itself.
const REFUSED: &[(&str, &str, &str)] = &[
    ("todo", "!(", "finish it or leave it out"),
    ("unimplemented", "!(", "finish it or leave it out"),
    ("#[ign", "ore", "a test runs or is deleted"),
    ("thread::sl", "eep", "await an event or poll a condition with a deadline; exceptions: xtask/src/lint/sources.rs"),
];

/// Files that may sleep, and why.
const MAY_SLEEP: &[(&str, &str)] = &[
    ("host/record/src/clock.rs", "the real clock; everything else rests through the clock it is given"),
    ("host/state/src/engine.rs", "waits for the engine to write tables, with a deadline: it tells nobody when it has"),
    ("host/wasmill/src/dev/fault.rs", "takes a broker away at a time and for a time that the user gives"),
    ("host/wasmill/src/dev/print.rs", "looks into the embedded broker now and then, for people"),
    ("host/wasmill/src/dev/watch.rs", "looks at files now and then: no event is the same on every file system"),
    ("tests/bench/src/load.rs", "sends at a rate"),
    ("tests/bench/src/raw/worker.rs", "the raw loop's pause between two tries of a call"),
    ("tests/bench/src/wait.rs", "polls with a deadline, and lets a process idle"),
    ("tests/broker/tests/pipeline_outage.rs", "lets an outage last"),
    ("tests/broker/src/client.rs", "polls a broker with a deadline"),
    ("tests/chaos/src/wait.rs", "polls with a deadline, and lets time pass where time is the fault"),
    ("tests/chaos/tests/on_kafka.rs", "polls the generator with a deadline"),
    ("tests/cluster/src/wait.rs", "a broker's start and a child's end can only be asked for"),
    ("tests/guests/tests/stopped_host.rs", "stops a process for a time, which is the fault"),
    ("tests/verify/src/ends.rs", "polls the ends of partitions with a deadline"),
];

pub(crate) fn check(workspace: &Workspace) -> Vec<String> {
    let mut findings: Vec<String> = workspace.sources.iter().flat_map(check_one).collect();
    findings.extend(unused_exceptions(workspace, MAY_SLEEP));
    findings
}

/// An exception that nothing needs any more would silently cover the next one.
fn unused_exceptions(workspace: &Workspace, exceptions: &[(&str, &str)]) -> Vec<String> {
    let word = ["thread::sl", "eep"].concat();
    let needs = |path: &str| workspace.sources.iter().any(|it| it.path == path && it.text.contains(&word));
    let unused = exceptions.iter().filter(|(path, _)| !needs(path));
    unused.map(|(path, _)| format!("{path}: does not sleep; take its line out of xtask/src/lint/sources.rs")).collect()
}

fn check_one(source: &Source) -> Vec<String> {
    let mut findings = Vec::new();
    for (number, line) in source.text.lines().enumerate() {
        let code = line.split("//").next().unwrap_or_default();
        for (first, second, advice) in REFUSED {
            let word = format!("{first}{second}");
            if code.contains(&word) && !is_exempt(&source.path, first) {
                findings.push(format!("{}:{}: `{word}`; {advice}", source.path, number + 1));
            }
        }
    }
    findings
}

fn is_exempt(path: &str, word: &str) -> bool {
    word.starts_with("thread") && MAY_SLEEP.iter().any(|(file, _)| *file == path)
}

#[cfg(test)]
mod tests {
    use super::{MAY_SLEEP, REFUSED, check_one, unused_exceptions};
    use crate::lint::workspace::{Source, Workspace};

    fn source(path: &str, text: &str) -> Source {
        Source { path: path.into(), text: text.into() }
    }

    fn sleep() -> String {
        ["std::thread::sl", "eep(interval);"].concat()
    }

    #[test]
    fn each_refused_word_is_found_with_its_line() {
        for (first, second, _) in REFUSED {
            let found = check_one(&source("host/x/src/lib.rs", &format!("fn f() {{\n    {first}{second}\n}}\n")));
            assert_eq!(found.len(), 1, "{found:?}");
            assert!(found[0].starts_with("host/x/src/lib.rs:2: "), "{found:?}");
        }
    }

    #[test]
    fn a_comment_may_say_the_word() {
        let (first, second, _) = REFUSED[0];
        assert!(check_one(&source("host/x/src/lib.rs", &format!("// no {first}{second}) here\n"))).is_empty());
    }

    #[test]
    fn only_the_listed_files_may_sleep() {
        assert!(check_one(&source(MAY_SLEEP[0].0, &sleep())).is_empty());
        assert_eq!(check_one(&source("host/x/src/lib.rs", &sleep())).len(), 1);
    }

    #[test]
    fn an_exception_that_nothing_needs_is_a_finding() {
        let sources = vec![source("a.rs", &sleep()), source("b.rs", "")];
        let workspace = Workspace { sources, ..Workspace::default() };
        let found = unused_exceptions(&workspace, &[("a.rs", ""), ("b.rs", ""), ("gone.rs", "")]);
        assert_eq!(found.len(), 2, "{found:?}");
        assert!(found[0].starts_with("b.rs") && found[1].starts_with("gone.rs"), "{found:?}");
    }
}
