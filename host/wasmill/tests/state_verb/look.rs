//! Looking on: a running process, and the folder that it has left.

use serde_json::Value;
use wasmill_broker::client::wait_until;

use crate::place::{Place, counts};

#[test]
fn a_running_process_shows_what_is_committed_and_so_does_its_folder_afterwards() {
    let place = Place::new("look");
    place.put(0..12);
    let running = place.run_to_end();
    let store = ["--store", "counts"];
    let ask = |verb: &str, rest: &[&str]| place.ask(&["state", verb], &[&store[..], rest].concat());

    let all = ["k0=3", "k1=3", "k2=2", "k3=2", "k4=2"];
    let shown = |offline: &[&str]| {
        let (code, listed, said) = place.ask(&["state", "ls"], &[&["--output", "json"], offline].concat());
        assert_eq!(code, Some(0), "{said}");
        let listed: Value = serde_json::from_str(&listed).unwrap();
        let counts_store = &listed[&place.setup.name][0];
        assert_eq!((&counts_store["name"], &counts_store["key"]), (&"counts".into(), &"string".into()));
        let partitions = counts_store["partitions"].as_array().unwrap();
        assert_eq!(partitions.len(), 2, "{listed}");
        for (number, it) in partitions.iter().enumerate() {
            assert_eq!((&it["partition"], &it["held"]), (&number.into(), &true.into()), "{listed}");
            assert!(it["position"].as_i64().unwrap() > 0, "{listed}");
        }

        let (code, line, said) = ask("get", &[offline, &["k1"]].concat());
        assert_eq!(code, Some(0), "{said}");
        let line: Value = serde_json::from_str(&line).unwrap();
        assert_eq!((&line["partition"], &line["key"], &line["value"]), (&1.into(), &"k1".into(), &3.into()));
        assert!(line["timestamp_ms"].as_i64().unwrap() > 0, "{line}");
        let (code, _, said) = ask("get", &[offline, &["k9"]].concat());
        assert_eq!((code, said.contains("no partition that is held here has this key")), (Some(1), true), "{said}");

        // In the order of keys, whatever partition they are of; a page ends where it is told to.
        let (code, lines, said) = ask("scan", &[offline, &["--limit", "3"]].concat());
        assert_eq!((code, counts(&lines)), (Some(0), all[..3].iter().map(|it| it.to_string()).collect()), "{said}");
        assert!(said.contains("there are more keys"), "{said}");
        let (_, lines, said) = ask("scan", &[offline, &["--prefix", "k", "--after", "k2"]].concat());
        assert_eq!((counts(&lines), said.contains("more keys")), (vec!["k3=2".into(), "k4=2".into()], false));
        let (_, lines, _) = ask("scan", &[offline, &["--partition", "1"]].concat());
        assert_eq!(counts(&lines), ["k1=3", "k3=2"]);

        let (code, lines, said) = ask("export", offline);
        assert_eq!(code, Some(0), "{said}");
        let mut exported = counts(&lines);
        exported.sort_unstable();
        assert_eq!(exported, all);
    };
    shown(&[]);
    let (code, _, said) = ask("scan", &["--pipeline", "nobody"]);
    assert_eq!((code, said.contains("there are: ")), (Some(1), true), "{said}");
    let (code, _, said) = place.ask(&["state", "export"], &["--store", "nothing"]);
    assert_eq!((code, said.contains("there are: counts")), (Some(1), true), "{said}");

    // The folder is in use, and by whom.
    let (code, _, said) = ask("scan", &["--offline"]);
    assert_eq!((code, said.contains(&format!("process {} ", running.0.id()))), (Some(1), true), "{said}");

    let page = || place.http("/metrics");
    let keys = format!("wasmill_state_keys{{pipeline=\"{}\",store=\"counts\"}} ", place.setup.name);
    wait_until("the metrics count the keys", || {
        let page = page();
        let value = page.split_once(&keys).and_then(|(_, rest)| rest.lines().next().map(str::to_owned));
        // Each is counted once for each time it was written, until tables are merged.
        value.is_some_and(|value| value.parse::<u64>().unwrap() >= 5)
    });

    place.stop(running);
    let (code, _, said) = ask("scan", &[]);
    assert_eq!((code, said.contains("look with --offline")), (Some(1), true), "{said}");
    shown(&["--offline"]);
}

#[test]
fn a_folder_that_is_not_there_is_not_made_by_looking() {
    let place = Place::new("nothing");
    let (code, _, said) = place.ask(&["state", "ls"], &["--offline"]);
    assert_eq!((code, said.contains("no state is cached under")), (Some(1), true), "{said}");
    assert!(!place.cache().join("stores").exists());
}
