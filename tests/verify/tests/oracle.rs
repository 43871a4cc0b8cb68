//! The oracle: its own tests in Python, and how it is called from here. Without python3 they fail, as everything does that
//! calls it.

// The lint's exemption for tests does not reach a test's helper functions.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::path::Path;
use std::process::{Command, Output};

use wasmill_verify::oracle::{self, Config, Unproven};

fn python(arguments: &[&str]) -> Output {
    let mut python = Command::new("python3");
    python.current_dir(env!("CARGO_MANIFEST_DIR")).arg("-B").args(arguments);
    python.output().expect("python3 is needed: apt-get install python3")
}

#[test]
fn planted_errors_are_found_and_clean_runs_are_not_blamed() {
    let output =
        python(&["-m", "unittest", "discover", "--start-directory", "oracle/tests", "--top-level-directory", "."]);
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}");
    // A discovery that finds nothing succeeds, too.
    let ran = said.lines().find_map(|line| line.strip_prefix("Ran ")?.split(' ').next()?.parse().ok());
    assert!(ran >= Some(60), "{said}");
}

/// A clean dump, and the configuration it was made with.
fn clean(folder: &Path) -> Config {
    let output = python(&["-m", "oracle.tests.clean", folder.to_str().unwrap()]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&std::fs::read(folder.join("config.json")).unwrap()).unwrap()
}

#[test]
fn a_judgement_has_counts_or_findings_or_a_reason() {
    let folder = tempfile::tempdir().unwrap();
    let config = clean(folder.path());

    let report = oracle::judge(folder.path(), &config).unwrap();
    assert!(report.checked("balances") > 100 && report.checked("stock.changelog") > 100, "{report}");
    assert_eq!(report.partitions["stock"].len(), 2);

    let topic = folder.path().join("loyalty.balances.jsonl");
    let text = std::fs::read_to_string(&topic).unwrap();
    std::fs::write(&topic, text.replacen(r#"\"balance\":"#, r#"\"balance\":9"#, 1)).unwrap();
    let Err(Unproven::Found(report)) = oracle::judge(folder.path(), &config) else {
        panic!("a wrong balance is found")
    };
    assert_eq!(report.findings.len(), 1, "{report}");
    let finding = &report.findings[0];
    assert_eq!((finding.kind.as_str(), finding.count), ("wrong-message", 1));
    assert!(finding.listed[0].starts_with("loyalty.balances[0]@"), "{report}");

    let cut = text.lines().skip(1).collect::<Vec<_>>().join("\n");
    std::fs::write(&topic, cut).unwrap();
    let Err(Unproven::Found(report)) = oracle::judge(folder.path(), &config) else { panic!("a cut dump is found") };
    assert!(report.findings.iter().any(|finding| finding.kind == "dump-count"), "{report}");

    std::fs::remove_file(&topic).unwrap();
    let Err(Unproven::NotJudged(reason)) = oracle::judge(folder.path(), &config) else {
        panic!("a lost dump is noticed")
    };
    assert!(reason.contains("loyalty.balances.jsonl"), "{reason}");
}
