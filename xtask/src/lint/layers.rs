//! The layer rule: a crate under `host/` names only crates of strictly lower layers, none of its own.
//!
//! Tests and xtask may name anything, and so may the tests of a crate under `host/` what lies outside of it; but
//! `tests/verify` names none of ours: a verifier that shares code with the host shares its mistakes. What an author gets,
//! `guest-sdk/`, names nothing of `host/`.

use super::workspace::{Ours, Workspace};

/// The layers, lowest first. A new crate under `host/` gets its line here.
const LAYERS: &[&[&str]] = &[
    // The numbers of the plugin contract lie in guest-sdk/, because guests have them too.
    &["wasmill-record", "wasmill-wire"],
    &["wasmill-config", "wasmill-settle", "wasmill-telemetry"],
    &["wasmill-devbroker", "wasmill-kafka", "wasmill-sandbox"],
    &["wasmill-deadletter", "wasmill-state"],
    &["wasmill-pipeline"],
    &["wasmill-admin"],
    &["wasmill"],
];

/// Families of crates that only one crate of `host/` may name, and why.
const OWNED: &[(&str, &str, &str)] = &[
    ("rdkafka", "wasmill-kafka", "unsafe calls and client traps stay in one place"),
    ("fjall", "wasmill-state", "what the engine does not check is checked in one place"),
    ("wasmtime", "wasmill-sandbox", "the host's trust in a guest is decided in one place"),
];

const VERIFIER: &str = "wasmill-verify";

pub(crate) fn check(workspace: &Workspace) -> Vec<String> {
    let mut findings = Vec::new();
    for package in &workspace.ours {
        let named = |it: &&String| workspace.ours.iter().any(|other| other.name == **it);
        let in_tests: Vec<&String> = package.dev_dependencies.iter().filter(named).collect();
        let named: Vec<&String> = package.dependencies.iter().filter(named).collect();
        if package.folder.starts_with("host/") {
            let of_host = in_tests.iter().copied().filter(|it| layer(it).is_some());
            findings.extend(host(package, &named.iter().copied().chain(of_host).collect::<Vec<_>>()));
            findings.extend(owned(package));
        }
        if package.folder.starts_with("guest-sdk") {
            findings.extend(guest(workspace, package, &named));
        }
        if package.name == VERIFIER {
            findings.extend(named.iter().chain(&in_tests).map(|it| {
                format!("{}: names {it}; the verifier shares no code with what it verifies", package.folder)
            }));
        }
    }
    findings
}

fn host(package: &Ours, named: &[&String]) -> Vec<String> {
    let Some(own) = layer(&package.name) else {
        return vec![format!(
            "{}: {} has no layer; give it its line in xtask/src/lint/layers.rs",
            package.folder, package.name
        )];
    };
    let too_high = named.iter().filter_map(|name| match layer(name) {
        Some(theirs) if theirs < own => None,
        Some(theirs) => Some(format!(
            "{}: layer {own} names {name} of layer {theirs}; move what both need to a lower layer",
            package.folder
        )),
        None => Some(format!("{}: names {name}, which is not in the product", package.folder)),
    });
    too_high.collect()
}

fn guest(workspace: &Workspace, package: &Ours, named: &[&String]) -> Vec<String> {
    let in_guest =
        |name: &&&String| workspace.ours.iter().any(|it| it.name == ***name && it.folder.starts_with("guest-sdk"));
    let foreign = named.iter().filter(|name| !in_guest(name));
    foreign.map(|name| format!("{}: names {name}; an author's code has nothing of the host", package.folder)).collect()
}

fn owned(package: &Ours) -> Vec<String> {
    let mut findings = Vec::new();
    for (family, owner, reason) in OWNED {
        let foreign = |it: &&String| it.starts_with(family) && package.name != *owner;
        for name in package.dependencies.iter().chain(&package.dev_dependencies).filter(foreign) {
            findings.push(format!("{}: names {name}; only {owner} may: {reason}", package.folder));
        }
    }
    findings
}

fn layer(name: &str) -> Option<usize> {
    LAYERS.iter().position(|names| names.contains(&name))
}

#[cfg(test)]
mod tests {
    use super::check;
    use crate::lint::workspace::{Ours, Workspace};

    fn findings(ours: &[(&str, &str, &[&str])]) -> Vec<String> {
        let ours = ours.iter().map(|(folder, name, dependencies)| Ours::fixture(folder, name, dependencies));
        check(&Workspace::of(ours.collect()))
    }

    const RECORD: (&str, &str, &[&str]) = ("host/record", "wasmill-record", &[]);
    const PIPELINE: (&str, &str, &[&str]) = ("host/pipeline", "wasmill-pipeline", &["wasmill-record", "tracing"]);

    #[test]
    fn a_lower_layer_may_be_named() {
        assert!(findings(&[RECORD, PIPELINE]).is_empty());
    }

    #[test]
    fn a_higher_layer_is_refused() {
        let found = findings(&[("host/record", "wasmill-record", &["wasmill-pipeline"]), PIPELINE]);
        assert!(found[0].contains("layer 0 names wasmill-pipeline of layer 4"), "{found:?}");
    }

    #[test]
    fn the_same_layer_is_refused() {
        let config = ("host/config", "wasmill-config", &["wasmill-settle"] as &[&str]);
        let found = findings(&[config, ("host/settle", "wasmill-settle", &[])]);
        assert!(found[0].contains("layer 1 names wasmill-settle of layer 1"), "{found:?}");
    }

    #[test]
    fn a_crate_without_a_layer_is_refused() {
        let found = findings(&[("host/new", "wasmill-new", &[])]);
        assert!(found[0].contains("wasmill-new has no layer"), "{found:?}");
    }

    #[test]
    fn the_product_names_no_test_crate() {
        let found = findings(&[
            ("host/record", "wasmill-record", &["wasmill-cluster"]),
            ("tests/cluster", "wasmill-cluster", &[]),
        ]);
        assert!(found[0].contains("not in the product"), "{found:?}");
    }

    #[test]
    fn the_tests_of_a_product_crate_may_name_a_test_crate_but_no_higher_layer() {
        let mut record = Ours::fixture("host/record", "wasmill-record", &[]);
        record.dev_dependencies = vec!["wasmill-cluster".into(), "wasmill-pipeline".into(), "rdkafka".into()];
        let pipeline = Ours::fixture("host/pipeline", "wasmill-pipeline", &[]);
        let found =
            check(&Workspace::of(vec![record, pipeline, Ours::fixture("tests/cluster", "wasmill-cluster", &[])]));
        assert_eq!(found.len(), 2, "{found:?}");
        assert!(found[0].contains("layer 0 names wasmill-pipeline") && found[1].contains("names rdkafka"), "{found:?}");
    }

    #[test]
    fn the_verifier_names_none_of_ours() {
        let verify = ("tests/verify", "wasmill-verify", &["wasmill-record", "rdkafka"] as &[&str]);
        let found = findings(&[RECORD, verify]);
        assert_eq!(found.len(), 1, "{found:?}");
        assert!(found[0].contains("names wasmill-record"), "{found:?}");
    }

    #[test]
    fn the_sdk_names_nothing_of_the_host() {
        let wire = ("guest-sdk/wire", "wasmill-wire", &["wasmill-record"] as &[&str]);
        let sdk = ("guest-sdk", "wasmill-sdk", &["wasmill-wire", "serde"] as &[&str]);
        let found = findings(&[RECORD, wire, sdk]);
        assert_eq!(found.len(), 1, "{found:?}");
        assert!(found[0].contains("guest-sdk/wire: names wasmill-record"), "{found:?}");
    }

    #[test]
    fn only_their_owners_name_rdkafka_and_wasmtime() {
        let found = findings(&[
            ("host/pipeline", "wasmill-pipeline", &["rdkafka-sys", "wasmtime-wasi"]),
            ("host/kafka", "wasmill-kafka", &["rdkafka"]),
            ("tests/broker", "wasmill-broker", &["rdkafka"]),
        ]);
        assert_eq!(found.len(), 2, "{found:?}");
        assert!(found[0].contains("rdkafka-sys") && found[1].contains("wasmtime-wasi"), "{found:?}");
    }
}
