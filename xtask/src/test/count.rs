//! Adds up what `cargo test` says about each of its programs.

#[derive(Default)]
pub(crate) struct Count {
    pub(crate) passed: u64,
    pub(crate) failed: u64,
}

impl Count {
    /// Takes a line of output; those that are not `test result: ok. 3 passed; 1 failed; ...` change nothing.
    pub(crate) fn add(&mut self, line: &str) {
        let Some((_, result)) = line.split_once("test result: ") else { return };
        let words: Vec<&str> = result.split([' ', ';', '.']).filter(|word| !word.is_empty()).collect();
        for pair in words.windows(2) {
            let Ok(number) = pair[0].parse::<u64>() else { continue };
            match pair[1] {
                "passed" => self.passed += number,
                "failed" => self.failed += number,
                _ => {}
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Count;

    #[test]
    fn results_add_up_and_other_lines_do_not_count() {
        let mut count = Count::default();
        for line in [
            "running 3 tests",
            "test a_test_with_5_passed ... ok",
            "test result: ok. 3 passed; 0 failed; 0 ignored; 0 measured; 7 filtered out; finished in 0.02s",
            "\u{1b}[32mtest result: FAILED. 10 passed; 2 failed; 0 ignored; 0 measured; 0 filtered out",
        ] {
            count.add(line);
        }
        assert_eq!((count.passed, count.failed), (13, 2));
    }
}
