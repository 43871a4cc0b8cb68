//! The figures, and the two ways to print them.

use std::fmt::Write as _;

use serde_json::json;

pub(crate) struct Figure {
    pub(crate) name: String,
    pub(crate) value: f64,
    pub(crate) unit: &'static str,
}

/// In the order in which they were measured, with remarks for the head of the table.
#[derive(Default)]
pub(crate) struct Figures {
    pub(crate) remarks: Vec<String>,
    list: Vec<Figure>,
}

impl Figures {
    pub(crate) fn add(&mut self, name: impl Into<String>, value: f64, unit: &'static str) {
        self.list.push(Figure { name: name.into(), value, unit });
    }

    /// p50, p99 and p99.9 of milliseconds that are known one by one, as `<prefix>.p50_ms` and so on.
    pub(crate) fn add_percentiles(&mut self, prefix: &str, percentiles: &[(&str, f64)]) {
        for (name, value) in percentiles {
            self.add(format!("{prefix}.{name}_ms"), *value, "ms");
        }
    }

    pub(crate) fn keep(&mut self, prefix: &str) {
        self.list.retain(|figure| figure.name.starts_with(prefix));
    }

    pub(crate) fn json(&self) -> String {
        let list: Vec<_> =
            self.list.iter().map(|it| json!({"name": it.name, "value": it.value, "unit": it.unit})).collect();
        format!("{}\n", json!({ "figures": list }))
    }

    pub(crate) fn table(&self) -> String {
        let mut text = String::new();
        for remark in &self.remarks {
            let _ = writeln!(text, "# {remark}");
        }
        let width = self.list.iter().map(|figure| figure.name.len()).max().unwrap_or(0);
        for Figure { name, value, unit } in &self.list {
            let _ = writeln!(text, "{name:width$}  {:>12}  {unit}", rounded(*value));
        }
        text
    }
}

/// Three digits that count; whole numbers from 100 on.
fn rounded(value: f64) -> String {
    match value.abs() {
        size if size >= 100.0 => format!("{value:.0}"),
        size if size >= 10.0 => format!("{value:.1}"),
        size if size >= 0.1 => format!("{value:.2}"),
        _ => format!("{value:.4}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn figures() -> Figures {
        let mut figures = Figures { remarks: vec!["a busy machine".into()], ..Figures::default() };
        figures.add("loop.raw.cpu_us", 1.2345, "us");
        figures.add("start.ready_ms", 123.4, "ms");
        figures
    }

    #[test]
    fn the_json_has_name_value_and_unit_of_each() {
        let parsed: serde_json::Value = serde_json::from_str(&figures().json()).unwrap();
        assert_eq!(parsed["figures"][0], json!({"name": "loop.raw.cpu_us", "value": 1.2345, "unit": "us"}));
        assert_eq!(parsed["figures"].as_array().unwrap().len(), 2);
    }

    #[test]
    fn the_table_begins_with_the_remarks_and_rounds() {
        let expected = "# a busy machine\nloop.raw.cpu_us          1.23  us\nstart.ready_ms            123  ms\n";
        assert_eq!(figures().table(), expected);
    }

    #[test]
    fn figures_of_another_prefix_are_left_out() {
        let mut figures = figures();
        figures.keep("start");
        assert_eq!(figures.list.len(), 1);
    }
}
