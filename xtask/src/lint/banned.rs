//! Crates that ours do not name, with the reason and what to use.

use super::workspace::Workspace;

const BANNED: &[(&str, &str)] = &[
    ("lazy_static", "std::sync::LazyLock does it"),
    ("once_cell", "std::sync::OnceLock and LazyLock do it"),
    ("chrono", "one crate for time: jiff"),
    ("time", "one crate for time: jiff"),
    ("serde_yaml", "no longer maintained, and it forgets lines and columns: marked-yaml"),
    ("async-trait", "traits have async functions; the data plane has none"),
    ("futures", "the data plane is threads, the control plane is tokio"),
    ("log", "one facade: tracing"),
    ("env_logger", "one facade: tracing"),
    ("parking_lot", "std's locks are as fast and poison"),
    ("num_cpus", "std::thread::available_parallelism does it, cgroups too"),
    ("openssl", "TLS belongs to librdkafka; name openssl-sys only to choose how it is linked"),
];

pub(crate) fn check(workspace: &Workspace) -> Vec<String> {
    let mut findings = Vec::new();
    for package in &workspace.ours {
        for (name, reason) in BANNED.iter().filter(|(name, _)| package.names(name)) {
            findings.push(format!("{}: names {name}; {reason}", package.folder));
        }
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::check;
    use crate::lint::workspace::{Ours, Workspace};

    #[test]
    fn a_banned_crate_is_refused_with_the_reason() {
        let ours = vec![Ours::fixture("host/config", "wasmill-config", &["serde", "serde_yaml", "openssl-sys"])];
        let found = check(&Workspace::of(ours));
        assert_eq!(found.len(), 1, "{found:?}");
        assert!(found[0].contains("serde_yaml") && found[0].contains("marked-yaml"), "{found:?}");
    }
}
