//! What the compiler says about common mistakes; `TRYBUILD=overwrite` writes the goldens anew.

#[test]
fn common_mistakes_have_helpful_messages() {
    let cases = trybuild::TestCases::new();
    cases.compile_fail("tests/mistakes/*.rs");
}
