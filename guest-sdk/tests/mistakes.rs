//! What the compiler says about common mistakes; `TRYBUILD=overwrite` writes the goldens anew.

// Helpers outside of `#[test]` functions are tests too: what can't be fails the test.
#![allow(clippy::unwrap_used, clippy::expect_used)]

#[test]
fn common_mistakes_have_helpful_messages() {
    let cases = trybuild::TestCases::new();
    cases.compile_fail("tests/mistakes/*.rs");
}
