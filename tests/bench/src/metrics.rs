//! Reads gauges and histograms out of the text of `/metrics`.

/// A histogram: counts of all buckets up to each bound, ascending, the last bound infinite.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Histogram(Vec<(f64, f64)>);

/// The sum of a metric over all its label sets; `None` when there is none.
pub(crate) fn sum(text: &str, name: &str) -> Option<f64> {
    text.lines().filter_map(|line| Some(labelled(line, name)?.1)).reduce(|sum, value| sum + value)
}

/// Labels and value of a line of `name`.
fn labelled<'a>(line: &'a str, name: &str) -> Option<(&'a str, f64)> {
    let (labels, value) = line.strip_prefix(name)?.strip_prefix('{')?.split_once('}')?;
    Some((labels, value.split_whitespace().next()?.parse().ok()?))
}

impl Histogram {
    /// Of all label sets together.
    pub(crate) fn read(text: &str, name: &str) -> Histogram {
        let name = format!("{name}_bucket");
        let mut counts: Vec<(f64, f64)> = Vec::new();
        for (labels, count) in text.lines().filter_map(|line| labelled(line, &name)) {
            let bound = labels.split(',').find_map(|label| label.strip_prefix("le=\"")?.strip_suffix('"'));
            let Some(bound) = bound.and_then(|bound| bound.parse::<f64>().ok()) else { continue };
            match counts.iter_mut().find(|(known, _)| *known == bound) {
                Some((_, sum)) => *sum += count,
                None => counts.push((bound, count)),
            }
        }
        counts.sort_by(|(a, _), (b, _)| a.total_cmp(b));
        Histogram(counts)
    }

    /// What came after `earlier`, an older reading of the same histogram.
    pub(crate) fn since(&self, earlier: &Histogram) -> Histogram {
        let before = |bound: f64| earlier.0.iter().find(|(known, _)| *known == bound).map_or(0.0, |(_, count)| *count);
        Histogram(self.0.iter().map(|(bound, count)| (*bound, count - before(*bound))).collect())
    }

    pub(crate) fn count(&self) -> f64 {
        self.0.last().map_or(0.0, |(_, count)| *count)
    }

    /// Interpolated within its bucket, as Prometheus does it: as exact as the buckets are narrow. Above the last finite
    /// bound: that bound. NaN of nothing.
    pub(crate) fn percentile(&self, share: f64) -> f64 {
        let rank = share * self.count();
        let (mut lower, mut below) = (0.0, 0.0);
        for (bound, count) in &self.0 {
            if *count >= rank && *count > below {
                return if bound.is_finite() {
                    lower + (bound - lower) * (rank - below) / (count - below)
                } else {
                    lower
                };
            }
            (lower, below) = (*bound, *count);
        }
        f64::NAN
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "# TYPE pause histogram
pause_bucket{le=\"0.01\",pipeline=\"a\"} 10
pause_bucket{le=\"0.02\",pipeline=\"a\"} 30
pause_bucket{le=\"+Inf\",pipeline=\"a\"} 40
pause_count{pipeline=\"a\"} 40
held{pipeline=\"a\",worker=\"0\"} 3
held{pipeline=\"a\",worker=\"1\"} 1
";

    #[test]
    fn a_gauge_is_summed_over_its_labels() {
        assert_eq!(sum(TEXT, "held"), Some(4.0));
        assert_eq!(sum(TEXT, "hel"), None);
    }

    #[test]
    fn a_percentile_lies_within_its_bucket() {
        let pause = Histogram::read(TEXT, "pause");
        assert_eq!(pause.count(), 40.0);
        assert_eq!(pause.percentile(0.5), 0.015);
        assert_eq!(pause.percentile(0.25), 0.01);
        assert_eq!(pause.percentile(0.99), 0.02, "the last bound that is known");
        assert!(Histogram::default().percentile(0.5).is_nan());
    }

    #[test]
    fn what_came_before_is_taken_away() {
        let pause = Histogram::read(TEXT, "pause");
        let later = Histogram::read(&TEXT.replace(" 30\n", " 130\n").replace(" 40\n", " 140\n"), "pause");
        let between = later.since(&pause);
        assert_eq!((between.count(), between.percentile(0.5)), (100.0, 0.015));
    }
}
