use std::process::Command;

use super::*;
use crate::pipelines::{LOYALTY, ORDER_INVENTORY, RESTAURANT, examples};

/// A clean dump that the oracle's own tests make, and its configuration.
fn clean(folder: &Path) -> Config {
    let mut python = Command::new("python3");
    python.current_dir(wasmill_artifacts::root().join("tests/verify"));
    let made = python.args(["-B", "-m", "oracle.tests.clean"]).arg(folder).output().expect("python3 is needed");
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    serde_json::from_slice(&fs::read(folder.join("config.json")).unwrap()).unwrap()
}

fn dropped(folder: &Path, config: &Config) -> u64 {
    oracle::judge(folder, config).unwrap().checked("dropped")
}

#[test]
fn a_clean_dump_is_checked_and_says_how_much() {
    let folder = tempfile::tempdir().unwrap();
    let config = clean(folder.path());
    let verdict = verdict(folder.path(), &config, dropped(folder.path(), &config));
    assert!(verdict.is_good, "{}", verdict.text);
    assert!(verdict.text.starts_with("Every balance and every stock count checked"), "{}", verdict.text);
    assert!(!verdict.text.contains(" 0 "), "{}", verdict.text);
    assert!(verdict.text.lines().all(|line| line.len() <= 100), "{}", verdict.text);
}

#[test]
fn a_lost_balance_is_no_good_end() {
    let folder = tempfile::tempdir().unwrap();
    let config = clean(folder.path());
    let dropped = dropped(folder.path(), &config);
    let topic = config.pipelines[1].outputs["balances"].clone();
    let file = folder.path().join(format!("{topic}.jsonl"));
    let text = fs::read_to_string(&file).unwrap();
    let lost = text.lines().nth(7).unwrap();
    fs::write(&file, text.replace(&format!("{lost}\n"), "")).unwrap();
    let verdict = verdict(folder.path(), &config, dropped);
    assert!(!verdict.is_good && !verdict.text.contains("checked"), "{}", verdict.text);
    assert!(verdict.text.contains("  1 lost\n") && verdict.text.contains(&topic), "{}", verdict.text);
}

#[test]
fn a_record_that_loyalty_has_dropped_and_that_is_no_duplicate_is_no_good_end() {
    let folder = tempfile::tempdir().unwrap();
    let config = clean(folder.path());
    let one_more = dropped(folder.path(), &config) + 1;
    let verdict = verdict(folder.path(), &config, one_more);
    assert!(!verdict.is_good && verdict.text.contains(&format!("dropped {one_more} records")), "{}", verdict.text);
}

#[test]
fn what_was_not_judged_is_not_good_and_says_why() {
    let folder = tempfile::tempdir().unwrap();
    let verdict = verdict(folder.path(), &config(&BTreeMap::new(), 0), 0);
    assert!(!verdict.is_good && !verdict.text.contains("checked"), "{}", verdict.text);
    assert!(verdict.text.contains("NOT JUDGED") && verdict.text.contains("dump.json"), "{}", verdict.text);
}

#[test]
fn the_oracle_is_told_what_is_in_the_example() {
    let sent = BTreeMap::from([("orders", 9), ("stock", 5), ("fulfilment", 4), ("loyalty.adjustments", 3)]);
    let config = config(&sent, 7);
    let [restaurant, _] = examples();
    let example = fs::read_to_string(wasmill_artifacts::root().join(restaurant.file)).unwrap();
    for (place, pipeline) in [ORDER_INVENTORY, LOYALTY].into_iter().zip(&config.pipelines) {
        let known = &examples()[RESTAURANT].pipelines[place];
        assert_eq!(pipeline.name, known.name);
        let named: Vec<&String> = pipeline.inputs.values().chain(pipeline.outputs.values()).collect();
        let all = known.inputs.len() + known.others.len() + 1;
        assert_eq!(named.len(), all, "{named:?}");
        for (name, topic) in pipeline.inputs.iter().chain(&pipeline.outputs) {
            assert!(example.contains(&format!("      {name}: {{ topic: {topic} }}\n")), "{name}: {topic}");
            assert!(known.topics().contains(topic.as_str()), "{topic}");
        }
        assert_eq!(pipeline.dead_letters, known.dead_letters);
    }
    let counts = |at: usize| config.pipelines[at].expected.values().copied().collect::<Vec<_>>();
    assert_eq!((counts(0), counts(1)), (vec![4, 7, 5], vec![3]));
}
