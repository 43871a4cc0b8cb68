//! The table: one row for each pipeline, and below it a row for each code.

use crate::account::Account;
use crate::latency::{percentile, shown};

/// What stands in the rows of one pipeline.
#[derive(Debug)]
pub(crate) struct Entry<'a> {
    pub(crate) name: &'a str,
    pub(crate) account: &'a Account,
    pub(crate) records_per_s: f64,
    pub(crate) latencies_ms: &'a [u32],
}

const HEAD: [&str; 8] = ["pipeline", "in", "out", "dropped", "dead letters", "records/s", "p50", "p99"];
/// The column of the codes' counts.
const DEAD_LETTERS: usize = 4;

pub(crate) fn table(entries: &[Entry<'_>]) -> String {
    let mut rows = vec![HEAD.map(str::to_owned)];
    for entry in entries {
        let Entry { name, account, records_per_s, latencies_ms } = entry;
        rows.push([
            (*name).to_owned(),
            account.inputs.to_string(),
            account.outputs.to_string(),
            account.dropped.to_string(),
            account.set_aside().to_string(),
            format!("{records_per_s:.0}"),
            shown(percentile(latencies_ms, 50)),
            shown(percentile(latencies_ms, 99)),
        ]);
        let mut codes: Vec<_> = account.dead_letters.iter().collect();
        codes.sort_by_key(|(code, count)| (std::cmp::Reverse(**count), code.as_str()));
        for (code, count) in codes {
            let mut row = <[String; 8]>::default();
            row[0] = format!("  {code}");
            row[DEAD_LETTERS] = count.to_string();
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

    #[test]
    fn each_pipeline_has_a_row_and_below_it_its_codes_the_most_frequent_first() {
        let dead_letters = [("a-code", 7), ("b-code", 90), ("c-code", 3)].map(|(a, b)| (a.to_owned(), b)).into();
        let orders = Account { inputs: 1_012_000, outputs: 1_011_895, dropped: 5, dead_letters, ..Account::default() };
        let texts = Account::default();
        let latencies_ms = &[60, 61, 6789];
        let entries = [
            Entry { name: "order-validation", account: &orders, records_per_s: 91_234.4, latencies_ms },
            Entry { name: "sentiment", account: &texts, records_per_s: 0.0, latencies_ms: &[] },
        ];
        let table = table(&entries);
        expect![[r#"
            pipeline               in      out  dropped  dead letters  records/s    p50    p99
            order-validation  1012000  1011895        5           100      91234  61 ms  6.8 s
              b-code                                               90
              a-code                                                7
              c-code                                                3
            sentiment               0        0        0             0          0      -      -
        "#]]
        .assert_eq(&table);
        assert!(table.lines().all(|line| line.len() <= 90), "{table}");
    }
}
