use serde_json::{Value, json};

use super::value;
use crate::problem::{Problem, Problems};
use crate::yaml;

fn env(name: &str) -> Option<String> {
    match name {
        "NUMBER" => Some("250".to_owned()),
        "WORD" => Some("true".to_owned()),
        "EMPTY" => Some(String::new()),
        "LIST" => Some("[1, 2]".to_owned()),
        _ => None,
    }
}

fn read(text: &str) -> Result<Value, Vec<Problem>> {
    let problems = Problems::new("test.yaml");
    let tree = yaml::parse(text, &env, &problems).unwrap();
    let json = value(&tree, &problems);
    let found = problems.sorted();
    assert_eq!(json.is_some(), found.is_empty(), "{found:?}");
    json.ok_or(found)
}

#[test]
fn plain_values_have_the_types_of_the_core_schema() {
    let table = [
        ("", Value::Null),
        ("~", Value::Null),
        ("Null", Value::Null),
        ("nUll", json!("nUll")),
        ("TRUE", json!(true)),
        ("false", json!(false)),
        ("yes", json!("yes")),
        ("0", json!(0)),
        ("-0", json!(0)),
        ("+12", json!(12)),
        ("007", json!(7)),
        ("0o17", json!(15)),
        ("0xFf", json!(255)),
        ("-0x1", json!("-0x1")),
        ("0o8", json!("0o8")),
        ("0x", json!("0x")),
        ("1_000", json!("1_000")),
        ("18446744073709551615", json!(u64::MAX)),
        ("-9223372036854775808", json!(i64::MIN)),
        ("1.5", json!(1.5)),
        ("-.5", json!(-0.5)),
        ("5.", json!(5.0)),
        ("1e3", json!(1000.0)),
        ("+1.25E-2", json!(0.0125)),
        (".", json!(".")),
        ("1e", json!("1e")),
        ("e3", json!("e3")),
        ("1.2.3", json!("1.2.3")),
        ("2026-01-01", json!("2026-01-01")),
        ("infinity", json!("infinity")),
        ("nan", json!("nan")),
    ];
    for (text, expected) in table {
        assert_eq!(read(&format!("a: {text}\n")), Ok(json!({ "a": expected })), "{text}");
    }
}

#[test]
fn values_in_quotes_and_blocks_are_text() {
    for (text, expected) in
        [("'1'", "1"), ("\"true\"", "true"), ("''", ""), ("|\n  1\n", "1\n"), (">-\n  null\n", "null")]
    {
        assert_eq!(read(&format!("a: {text}\n")), Ok(json!({ "a": expected })), "{text}");
    }
}

#[test]
fn what_the_environment_gives_is_typed_as_if_it_were_written_there() {
    let table = [
        ("${NUMBER}", json!(250)),
        ("'${NUMBER}'", json!("250")),
        ("${NUMBER}ms", json!("250ms")),
        ("${WORD}", json!(true)),
        ("${EMPTY}", Value::Null),
        ("\"${EMPTY}\"", json!("")),
        ("${NONE:-0.5}", json!(0.5)),
        // One value stays one value.
        ("${LIST}", json!("[1, 2]")),
    ];
    for (text, expected) in table {
        assert_eq!(read(&format!("a: {text}\n")), Ok(json!({ "a": expected })), "{text}");
    }
}

#[test]
fn mappings_and_lists_may_be_in_each_other() {
    let text = "a:\n- 1\n- - x\n  - { y: [] }\n-\n- b: {}\n  c: [true, ~]\n";
    assert_eq!(read(text), Ok(json!({ "a": [1, ["x", { "y": [] }], null, { "b": {}, "c": [true, null] }] })));
}

#[test]
fn what_json_can_not_hold_is_refused_where_it_stands() {
    let text = "a: .inf\nb: [1, -.INF]\nc: { d: .nan }\ne: 18446744073709551616\nf: -9223372036854775809\ng: 1e999\nh: 0x10000000000000000\n<<: { i: 1 }\nj: 1\n";
    let problems = read(text).unwrap_err();
    let places: Vec<(usize, &str)> = problems.iter().map(|problem| (problem.line, problem.path.as_str())).collect();
    assert_eq!(places, [(1, "a"), (2, "b[1]"), (3, "c.d"), (4, "e"), (5, "f"), (6, "g"), (7, "h"), (8, "\"<<\"")]);
    assert!(problems[3].message.contains("`18446744073709551616` is a whole number beyond 64 bits"), "{problems:?}");
}

#[test]
fn nesting_that_a_plugin_could_not_read_is_refused() {
    let nested = |depth: usize| format!("a: {}{}\n", "[".repeat(depth), "]".repeat(depth));
    // The mapping at the top is one level, too.
    assert!(read(&nested(63)).is_ok());
    let problems = read(&nested(64)).unwrap_err();
    assert_eq!(problems.len(), 1, "{problems:?}");
    assert!(problems[0].message.contains("more than 64 deep"), "{problems:?}");
}
