//! What the oracle has to say.

use std::collections::BTreeMap;
use std::fmt;

use serde::Deserialize;

/// What was checked, and what was found.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Report {
    pub pipelines: Vec<Judged>,
    /// Topic -> committed records of each partition.
    pub partitions: BTreeMap<String, Vec<u64>>,
    /// None: all is as it should be.
    pub findings: Vec<Finding>,
}

/// What was checked of one pipeline, by name: `decisions`, `low-stock`, `stock.changelog`, `balances`, `dead_letters/<code>`,
/// `outcome/<decision>/<code>`, ...
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Judged {
    pub name: String,
    pub checked: BTreeMap<String, u64>,
}

/// One kind of error: how often, and the first of them in words.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Finding {
    pub kind: String,
    pub count: u64,
    pub listed: Vec<String>,
}

impl Report {
    /// How many of `what` were checked in all pipelines.
    pub fn checked(&self, what: &str) -> u64 {
        self.pipelines.iter().filter_map(|pipeline| pipeline.checked.get(what)).sum()
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for Judged { name, checked } in &self.pipelines {
            // Outcomes and codes are for machines; the sums of them are here.
            let sums = checked.iter().filter(|(what, _)| !what.contains('/'));
            let sums: Vec<String> = sums.map(|(what, count)| format!("{} {what}", grouped(*count))).collect();
            writeln!(f, "{name}: {}", sums.join(", "))?;
        }
        for Finding { kind, count, listed } in &self.findings {
            writeln!(f, "{kind}: {}", grouped(*count))?;
            for text in listed {
                writeln!(f, "  {text}")?;
            }
            if let Some(more) = count.checked_sub(listed.len() as u64).filter(|more| *more > 0) {
                writeln!(f, "  ... and {} more", grouped(more))?;
            }
        }
        if !self.findings.is_empty() {
            return writeln!(f, "verdict: WRONG");
        }
        let (balances, counts) = (grouped(self.checked("balances")), grouped(self.checked("stock.changelog")));
        writeln!(f, "verdict: every balance and every stock count checked: {balances} balances, {counts} stock counts")
    }
}

/// `1234567` as `1,234,567`.
fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut out = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_report_is_told_with_its_sums_and_its_findings() {
        let text = r#"{"pipelines":[{"name":"p","checked":{"balances":1204,"outcome/earned":7}}],"partitions":{"t":[1,2]},
            "findings":[]}"#;
        let mut report: Report = serde_json::from_str(text).unwrap();
        let shown = report.to_string();
        assert!(shown.starts_with("p: 1,204 balances\n"), "{shown}");
        assert!(
            shown.contains("every balance and every stock count checked: 1,204 balances, 0 stock counts"),
            "{shown}"
        );
        report.findings.push(Finding { kind: "lost".into(), count: 1001, listed: vec!["t[0]@7".into()] });
        let shown = report.to_string();
        assert!(shown.contains("lost: 1,001\n  t[0]@7\n  ... and 1,000 more\nverdict: WRONG"), "{shown}");
        assert!(!shown.contains("checked:"), "{shown}");
    }

    #[test]
    fn thousands_are_parted() {
        let shown = [0, 12, 999, 1000, 123_456, 1_234_567].map(grouped);
        assert_eq!(shown, ["0", "12", "999", "1,000", "123,456", "1,234,567"]);
    }
}
