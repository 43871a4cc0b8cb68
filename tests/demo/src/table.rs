//! The table: one row for each pipeline, and below it a row for each code.

use crate::latency::{percentile, shown};
use crate::ledger::Ledger;

/// What stands in the rows of one pipeline.
#[derive(Debug)]
pub(crate) struct Entry<'a> {
    pub(crate) name: &'a str,
    pub(crate) ledger: &'a Ledger,
    pub(crate) records_per_s: f64,
    pub(crate) latencies_ms: &'a [u32],
}

const HEAD: [&str; 7] = ["pipeline", "in", "out", "dead letters", "records/s", "p50", "p99"];

pub(crate) fn table(entries: &[Entry<'_>]) -> String {
    let mut rows = vec![HEAD.map(str::to_owned)];
    for entry in entries {
        let Entry { name, ledger, records_per_s, latencies_ms } = entry;
        rows.push([
            (*name).to_owned(),
            ledger.sent.to_string(),
            ledger.outputs.to_string(),
            ledger.set_aside().to_string(),
            format!("{records_per_s:.0}"),
            shown(percentile(latencies_ms, 50)),
            shown(percentile(latencies_ms, 99)),
        ]);
        let mut codes: Vec<_> = ledger.dead_letters.iter().collect();
        codes.sort_by_key(|(code, count)| (std::cmp::Reverse(**count), code.as_str()));
        for (code, count) in codes {
            let mut row = <[String; 7]>::default();
            row[0] = format!("  {code}");
            row[3] = count.to_string();
            rows.push(row);
        }
    }
    let mut text = String::new();
    for row in &rows {
        let mut line = String::new();
        for (column, cell) in row.iter().enumerate() {
            let width = rows.iter().map(|row| row[column].chars().count()).max().unwrap_or_default();
            match column {
                0 => line.push_str(&format!("{cell:<width$}")),
                _ => line.push_str(&format!("  {cell:>width$}")),
            }
        }
        text.push_str(line.trim_end());
        text.push('\n');
    }
    text
}

#[cfg(test)]
mod tests {
    use expect_test::expect;

    use super::*;
    use crate::ledger::Sent;
    use crate::pipelines::Identity;

    #[test]
    fn each_pipeline_has_a_row_and_below_it_its_codes_the_most_frequent_first() {
        let order = Sent::new(String::new(), String::new(), b"");
        let mut orders = Ledger::new(Identity::OrderId, vec![order; 12_000]);
        orders.outputs = 11_900;
        orders.dead_letters = [("a-code", 7), ("b-code", 90), ("c-code", 3)].map(|(a, b)| (a.to_owned(), b)).into();
        let texts = Ledger::new(Identity::Place, vec![]);
        let entries = [
            Entry { name: "order-validation", ledger: &orders, records_per_s: 912.4, latencies_ms: &[60, 61, 6789] },
            Entry { name: "sentiment", ledger: &texts, records_per_s: 0.0, latencies_ms: &[] },
        ];
        expect![[r#"
            pipeline             in    out  dead letters  records/s    p50    p99
            order-validation  12000  11900           100        912  61 ms  6.8 s
              b-code                                  90
              a-code                                   7
              c-code                                   3
            sentiment             0      0             0          0      -      -
        "#]]
        .assert_eq(&table(&entries));
    }
}
