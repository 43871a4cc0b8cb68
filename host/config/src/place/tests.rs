use super::ConfigPlaces;
use crate::problem::Problems;
use crate::tree::{At, Node};
use crate::yaml;

const CONFIG: &str = "\
limits:
  items: 50
rules:
- { name: first, 'a/b~c': 1 }
- name: second
  codes: [one, two]
token: ${TOKEN}
short: ${SHORT}
";

fn places() -> ConfigPlaces {
    let env = |name: &str| Some(if name == "TOKEN" { "s3cret" } else { "5" }.to_owned());
    let root = yaml::parse(CONFIG, &env, &Problems::new("test.yaml")).unwrap();
    ConfigPlaces::new("test.yaml", root)
}

fn place(pointer: &str) -> (usize, usize, String) {
    let problem = places().problem(pointer, "wrong", None);
    assert_eq!((problem.file.as_str(), problem.message.as_str(), problem.hint), ("test.yaml", "wrong", None));
    (problem.line, problem.column, problem.path)
}

#[test]
fn a_pointer_finds_its_value() {
    let table = [
        ("", (1, 1, "")),
        ("/limits/items", (2, 10, "limits.items")),
        ("/rules", (3, 1, "rules")),
        ("/rules/0", (4, 3, "rules[0]")),
        ("/rules/1", (5, 3, "rules[1]")),
        ("/rules/1/codes", (6, 3, "rules[1].codes")),
        ("/rules/0/name", (4, 11, "rules[0].name")),
        ("/rules/0/a~1b~0c", (4, 27, "rules[0].\"a/b~c\"")),
        ("/rules/1/codes/1", (6, 16, "rules[1].codes[1]")),
    ];
    for (pointer, (line, column, path)) in table {
        assert_eq!(place(pointer), (line, column, path.to_owned()), "{pointer}");
    }
}

#[test]
fn what_is_not_there_is_placed_at_what_is_around_it() {
    let table = [
        ("/missing", (1, 1, "missing")),
        ("/limits/most", (1, 1, "limits.most")),
        ("/limits/items/deep/er", (2, 10, "limits.items.deep.er")),
        ("/rules/2/name", (3, 1, "rules.2.name")),
        ("/rules/x", (3, 1, "rules.x")),
        ("no pointer", (1, 1, "")),
    ];
    for (pointer, (line, column, path)) in table {
        assert_eq!(place(pointer), (line, column, path.to_owned()), "{pointer}");
    }
}

#[test]
fn a_section_that_was_left_out_has_the_place_where_it_would_be() {
    let at = At { line: 7, column: 3, path: "plugins.orders.config".to_owned() };
    let problem = ConfigPlaces::new("test.yaml", Node::empty(at)).problem("/max_items", "is missing", Some("add it"));
    assert_eq!(problem.to_string(), "test.yaml:7:3: plugins.orders.config.max_items: is missing\n  hint: add it");
}

#[test]
fn a_pointer_made_by_a_plugin_can_not_flood_the_message() {
    let (.., path) = place(&format!("/{}\n{}", "x".repeat(1_000_000), "/y".repeat(1_000_000)));
    assert!(path.len() < 1000 && !path.contains('\n'), "{} bytes", path.len());
}

#[test]
fn what_the_environment_gave_is_shown_as_it_was_written() {
    for pointer in ["/token", "", "/missing"] {
        let problem = places().problem(pointer, "\"s3cret\" is too short", Some("not s3cret"));
        assert_eq!(problem.message, "\"${TOKEN}\" is too short", "{pointer}");
        assert_eq!(problem.hint.as_deref(), Some("not ${TOKEN}"));
    }
    let elsewhere = places().problem("/limits/items", "50 is more than s3cret", None);
    assert_eq!(elsewhere.message, "50 is more than s3cret", "only a message about the value quotes it");
    let short = places().problem("/short", "5 is more than 15", None);
    assert_eq!(short.message, "5 is more than 15", "too short to tell from other words");
}

#[test]
fn nothing_of_the_values_is_in_the_debug_form() {
    let shown = format!("{:?}", places());
    assert!(!shown.contains("s3cret") && !shown.contains("50"), "{shown}");
}
