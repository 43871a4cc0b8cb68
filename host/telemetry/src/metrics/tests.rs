use std::collections::BTreeMap;

use super::Metrics;
use crate::names::{Kind, LABELS, Name, SECTIONS, Values};

mod page;

/// A process with one pipeline of two workers that has counted one of everything with an open set of labels.
fn busy() -> Metrics {
    let metrics = Metrics::new();
    for worker in 0..2 {
        let worker = metrics.worker("orders", worker);
        worker.output("valid").inc_by(3);
        worker.plugin.counter("big-orders").inc();
        worker.dead_letter("too-many-items", 1);
        worker.commit_duration.observe(0.004);
        worker.records.forward.inc_by(256);
    }
    metrics.pipeline("orders").broker_error("transport");
    metrics.pipeline("orders").plugin("order-validation", "sha256:00");
    metrics.pipeline("orders").store_size("accounts", 7, 4096);
    metrics
}

fn names() -> impl Iterator<Item = Name> {
    SECTIONS.iter().flat_map(|(_, names)| names.iter().copied())
}

/// The value of the sample with exactly this name and these labels.
fn sample(metrics: &Metrics, series: &str) -> Option<f64> {
    let page = metrics.encode().unwrap();
    let value = page.lines().find_map(|line| line.strip_prefix(series)?.strip_prefix(' ').map(str::to_owned))?;
    value.parse().ok()
}

#[test]
fn the_exposition_has_exactly_the_metrics_of_the_table_with_their_types_and_labels() {
    let page = busy().encode().unwrap();
    let mut exposed: BTreeMap<String, (String, Vec<String>)> = BTreeMap::new();
    for family in page.split("# HELP ").skip(1) {
        let (_, described) = family.split_once("# TYPE ").unwrap();
        let mut words = described.lines().next().unwrap().split(' ');
        let (stem, kind) = (words.next().unwrap(), words.next().unwrap());
        let suffix = match kind {
            "counter" => "_total",
            "info" => "_info",
            _ => "",
        };
        let sample = described.lines().skip(1).find(|line| !line.starts_with('#') && line.starts_with(stem)).unwrap();
        let labels = match sample.split_once('{') {
            Some((_, rest)) => {
                rest.split_once('}').unwrap().0.split(',').map(|l| l.split_once('=').unwrap().0).collect()
            }
            None => Vec::new(),
        };
        let labels = labels.into_iter().filter(|label| *label != "le").map(str::to_owned).collect();
        for unit in ["seconds", "bytes"].iter().filter(|unit| stem.ends_with(**unit)) {
            assert!(described.contains(&format!("# UNIT {stem} {unit}\n")), "{stem} has no unit");
        }
        let earlier = exposed.insert(format!("{stem}{suffix}"), (kind.to_owned(), labels));
        assert_eq!(earlier, None, "{stem} is exposed twice");
    }
    let expected = names().map(|name| {
        let kind = match name.kind {
            Kind::Counter => "counter",
            Kind::Gauge => "gauge",
            Kind::Histogram(_) => "histogram",
            Kind::Info => "info",
        };
        (name.name.to_owned(), (kind.to_owned(), name.labels.iter().map(|label| (*label).to_owned()).collect()))
    });
    assert_eq!(exposed, expected.collect());
    assert!(page.ends_with("# EOF\n"), "an exposition without its end is refused by Prometheus");
}

#[test]
fn labels_with_a_fixed_set_of_values_are_exposed_with_that_set() {
    let page = busy().encode().unwrap();
    for label in LABELS {
        let Values::OneOf(values) = label.values else { continue };
        let metric = names()
            .find(|name| name.labels.contains(&label.name) && label.metric.is_none_or(|metric| metric == name.name));
        let metric = metric.unwrap().name;
        let quoted = format!("{}=\"", label.name);
        let lines = page.lines().filter(|line| line.starts_with(&format!("{metric}{{")));
        let mut exposed: Vec<&str> =
            lines.map(|line| line.split_once(&quoted).unwrap().1.split_once('"').unwrap().0).collect();
        let mut values = values.to_vec();
        exposed.sort_unstable();
        values.sort_unstable();
        assert_eq!(exposed, values, "{metric}");
    }
}

#[test]
fn every_label_of_every_metric_is_explained_once() {
    for name in names() {
        for label in name.labels {
            let explained =
                LABELS.iter().filter(|l| l.name == *label && l.metric.is_none_or(|metric| metric == name.name)).count();
            assert_eq!(explained, 1, "{label} of {}", name.name);
        }
    }
}

#[test]
fn every_name_follows_the_rule_and_every_help_text_needs_no_escape() {
    for name in names() {
        let Name { name, kind, help, .. } = name;
        assert!(name.starts_with("wasmill_") || name.starts_with("process_"), "{name}");
        assert!(name.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_'), "{name}");
        assert_eq!(name.ends_with("_total"), kind == Kind::Counter, "{name}");
        assert!(!help.is_empty() && !help.ends_with('.') && !help.contains(['"', '\\', '\n']), "{name}: {help}");
        if let Kind::Histogram(buckets) = kind {
            assert!(buckets.is_sorted_by(|a, b| a < b), "{name}");
        }
    }
}

#[test]
fn workers_of_a_pipeline_count_into_one_series_and_other_pipelines_into_theirs() {
    let metrics = Metrics::new();
    metrics.worker("orders", 0).records.emit.inc_by(2);
    metrics.clone().worker("orders", 1).records.emit.inc_by(3);
    metrics.worker("loyalty", 0).records.emit.inc();
    assert_eq!(sample(&metrics, r#"wasmill_records_total{pipeline="orders",outcome="emit"}"#), Some(5.0));
    assert_eq!(sample(&metrics, r#"wasmill_records_total{pipeline="loyalty",outcome="emit"}"#), Some(1.0));
}

#[test]
fn a_gauge_of_one_worker_does_not_overwrite_another_workers() {
    let metrics = Metrics::new();
    metrics.worker("orders", 0).transaction_open.set(1);
    metrics.worker("orders", 1).transaction_open.set(0);
    assert_eq!(sample(&metrics, r#"wasmill_transaction_open{pipeline="orders",worker="0"}"#), Some(1.0));
    assert_eq!(sample(&metrics, r#"wasmill_transaction_open{pipeline="orders",worker="1"}"#), Some(0.0));
}

#[test]
fn series_with_fixed_labels_are_there_at_zero_before_anything_happens() {
    let metrics = Metrics::new();
    let _worker = metrics.worker("orders", 0);
    let corruption = r#"wasmill_transaction_failures_total{pipeline="orders",class="corruption"}"#;
    assert_eq!(sample(&metrics, corruption), Some(0.0));
}

#[test]
fn the_65th_dead_letter_code_of_a_pipeline_and_all_later_ones_count_as_other() {
    let metrics = Metrics::new();
    let first = metrics.worker("orders", 0);
    let second = metrics.worker("orders", 1);
    for code in 0..64 {
        first.dead_letter(&format!("code-{code}"), 1);
    }
    second.dead_letter("late", 2);
    second.dead_letter("later", 3);
    second.dead_letter("code-63", 4);
    metrics.worker("loyalty", 0).dead_letter("late", 7);
    let of = |pipeline: &str, code: &str| {
        sample(&metrics, &format!("wasmill_dead_letters_total{{pipeline=\"{pipeline}\",code=\"{code}\"}}"))
    };
    assert_eq!(of("orders", "other"), Some(5.0));
    assert_eq!(of("orders", "late"), None);
    assert_eq!(of("orders", "code-63"), Some(5.0));
    assert_eq!(of("loyalty", "late"), Some(7.0));
}

#[test]
fn a_code_that_is_not_listed_counts_as_other() {
    let metrics = Metrics::new();
    let worker = metrics.worker("orders", 0);
    metrics.pipeline("orders").codes(["too-many-items".to_owned()]);
    for code in ["too-many-items", "order-4711", "order-4712"] {
        worker.dead_letter(code, 1);
    }
    let of =
        |code: &str| sample(&metrics, &format!("wasmill_dead_letters_total{{pipeline=\"orders\",code=\"{code}\"}}"));
    assert_eq!((of("too-many-items"), of("other"), of("order-4711")), (Some(1.0), Some(2.0), None));
}

#[test]
fn label_values_from_outside_can_not_forge_a_line() {
    let metrics = Metrics::new();
    metrics.worker("a\"} 1\nforged 1", 0).dead_letter("x", 1);
    let page = metrics.encode().unwrap();
    assert!(!page.lines().any(|line| line.starts_with("forged")), "{page}");
}
