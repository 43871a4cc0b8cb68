use super::parse;
use crate::problem::{Problem, Problems};
use crate::tree::{Kind, Node};

/// Small, with every construct that the file format uses.
const EXAMPLE: &str =
    "# comment\nversion: 1\n\"a\": { b: 'c', d: \"e\\n\" }\nf:\n  g: |\n    two\n    lines\n  h:\n  i: ${X:-y}\n";

fn parsed(text: &str) -> (Option<Node>, Vec<Problem>) {
    let problems = Problems::new("test.yaml");
    let tree = parse(text, &|_| None, &problems);
    (tree, problems.sorted())
}

fn scalar(tree: &Node, path: &[&str]) -> (String, usize, usize) {
    let node = path.iter().fold(tree, |node, key| node.get(key).unwrap());
    match &node.kind {
        Kind::Scalar(scalar) => (scalar.text.clone(), node.at.line, node.at.column),
        _ => panic!("{path:?} is {}", node.found()),
    }
}

#[test]
fn values_have_their_text_and_place() {
    let (tree, problems) = parsed(EXAMPLE);
    let tree = tree.unwrap();
    assert_eq!(problems, []);
    assert_eq!(scalar(&tree, &["version"]), ("1".to_owned(), 2, 10));
    assert_eq!(scalar(&tree, &["a", "b"]), ("c".to_owned(), 3, 11));
    assert_eq!(scalar(&tree, &["f", "g"]).0, "two\nlines\n");
    assert_eq!(scalar(&tree, &["f", "i"]), ("y".to_owned(), 9, 6));
    let nothing = tree.get("f").unwrap().get("h").unwrap();
    assert!(matches!(nothing.kind, Kind::Null));
    assert_eq!((nothing.at.line, nothing.at.column), (8, 3), "an empty value is where its key is");
    assert_eq!(nothing.at.path, "f.h");
}

#[test]
fn a_byte_order_mark_and_windows_line_ends_are_taken() {
    let text = format!("\u{feff}{}", EXAMPLE.replace('\n', "\r\n"));
    let (tree, problems) = parsed(&text);
    assert_eq!(problems, []);
    assert_eq!(scalar(&tree.unwrap(), &["f", "i"]), ("y".to_owned(), 9, 6));
}

#[test]
fn comments_and_an_end_mark_behind_the_document_are_taken() {
    for text in
        ["---\na: b\n...\n# done\n\n", "{ a: b } # done\n# and done\n", "a: b", "{a: b}", "%YAML 1.2\n---\na: b\n"]
    {
        let (tree, problems) = parsed(text);
        assert_eq!(problems, [], "{text:?}");
        assert_eq!(scalar(&tree.unwrap(), &["a"]).0, "b", "{text:?}");
    }
}

#[test]
fn whatever_stands_behind_the_document_is_refused() {
    for text in ["a: b\n---\n", "a: b\n...\nc: d\n", "{ a: b }\nc: d\n", "{ a: b } c\n", "a: b\n--- c\n", "{ a: b }}\n"]
    {
        let (tree, problems) = parsed(text);
        assert!(tree.is_none(), "{text:?}");
        assert_eq!(problems.len(), 1, "{text:?}: {problems:?}");
    }
}

#[test]
fn many_duplicates_end_in_problems_and_not_in_a_long_wait() {
    let text: String = (0..5_000).map(|_| "a: b\n").collect();
    let (_, problems) = parsed(&text);
    assert_eq!(problems.len(), 1, "{problems:?}");
    assert!(problems[0].message.contains("`a` is there twice"), "{problems:?}");
}

#[test]
fn nesting_that_would_overflow_the_stack_is_refused() {
    let staircase: String = (0..1_000).map(|depth| format!("{}a:\n", " ".repeat(depth))).collect();
    let texts = [
        "- ".repeat(500_000),
        "? ".repeat(500_000),
        "-\t".repeat(500_000),
        "- &a ".repeat(200_000),
        "- !t ".repeat(200_000),
        format!("a: {}", "[".repeat(1_000_000)),
        format!("a: {}", "{a: ".repeat(250_000)),
        format!("a: {}", "[? ".repeat(300_000)),
        format!("a: {}", "- ".repeat(500_000)),
        "a: ".repeat(300_000),
        staircase,
    ];
    for text in texts {
        let (tree, problems) = parsed(&text);
        assert!(tree.is_none() && problems.len() == 1, "{:.20}: {} problems", text, problems.len());
    }
}

#[test]
fn no_damage_to_a_file_makes_the_parser_panic() {
    // Each character in turn is cut off, or replaced by each character that means something in YAML.
    for (byte, _) in EXAMPLE.char_indices() {
        let (before, after) = EXAMPLE.split_at(byte);
        parsed(before);
        let after: String = after.chars().skip(1).collect();
        for c in "-?:,[]{}#&*!|>'\"%@`$~<= \t\n\r\0\u{e000}\u{feff}é".chars() {
            let (tree, problems) = parsed(&format!("{before}{c}{after}"));
            assert!(tree.is_some() || problems.len() == 1, "{before}{c}{after}: {problems:?}");
        }
    }
}
