//! Holds the generated part of `docs/METRICS.md` against the table of names. `UPDATE_EXPECT=1` writes it anew.

use expect_test::expect_file;

use crate::names::{Kind, LABELS, Name, SECTIONS, Values};

const BEGIN: &str =
    "<!-- generated from host/telemetry/src/names.rs: UPDATE_EXPECT=1 cargo test -p wasmill-telemetry -->\n";
const END: &str = "<!-- end of the generated part -->\n";

#[test]
fn the_page_lists_every_metric_with_type_labels_and_meaning() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/METRICS.md");
    let page = std::fs::read_to_string(path).unwrap();
    let (before, rest) = page.split_once(BEGIN).expect("the page has the line that begins the generated part");
    let (_, after) = rest.split_once(END).expect("the page has the line that ends the generated part");
    expect_file![path].assert_eq(&format!("{before}{BEGIN}{}{END}{after}", tables()));
}

fn tables() -> String {
    let mut text = String::new();
    for (heading, names) in SECTIONS {
        text += &format!("\n## {heading}\n\n| Metric | Type | Labels | Meaning |\n|---|---|---|---|\n");
        text.extend(names.iter().map(row));
    }
    text += "\n## Labels\n\n| Label | Values |\n|---|---|\n";
    for label in LABELS {
        let of = label.metric.map(|metric| format!(" of `{metric}`")).unwrap_or_default();
        let values = match label.values {
            Values::OneOf(values) => code(values),
            Values::Bounded(what) => what.to_owned(),
        };
        text += &format!("| `{}`{of} | {values} |\n", label.name);
    }
    text += "\n## Buckets\n\nUpper bounds, in the unit of the name.\n\n| Histogram | Buckets |\n|---|---|\n";
    for name in SECTIONS.iter().flat_map(|(_, names)| names.iter()) {
        if let Kind::Histogram(buckets) = name.kind {
            let bounds: Vec<String> = buckets.iter().map(f64::to_string).collect();
            text += &format!("| `{}` | {} |\n", name.name, bounds.join(", "));
        }
    }
    text + "\n"
}

fn row(name: &Name) -> String {
    let kind = match name.kind {
        Kind::Counter => "counter",
        Kind::Gauge => "gauge",
        Kind::Histogram(_) => "histogram",
        Kind::Info => "info",
    };
    let Name { name, labels, help, .. } = name;
    format!("| `{name}` | {kind} | {} | {help} |\n", code(labels))
}

fn code(words: &[&str]) -> String {
    words.iter().map(|word| format!("`{word}`")).collect::<Vec<_>>().join(", ")
}
