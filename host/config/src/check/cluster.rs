//! One cluster: properties that are ours to set are refused, the rest is shown to the client library, secrets are read.

use std::collections::BTreeMap;

use super::Context;
use crate::checked::{Cluster, Secret};
use crate::files::read_secret;
use crate::owned;
use crate::raw;
use crate::reader::{Field, Item, KeyRule};
use crate::tree::At;

pub(super) fn cluster(item: Item<raw::Cluster>, context: &Context<'_>) -> Option<Cluster> {
    let raw = item.value?;
    let bootstrap = raw.bootstrap_servers.required(context.problems, "bootstrap_servers: \"localhost:9092\"");
    let mut properties = BTreeMap::new();
    let mut mechanism_at = item.at.clone();
    for property in raw.properties.value().map(|properties| properties.items).unwrap_or_default() {
        if is_mechanism(&property.name) {
            mechanism_at = property.at.clone();
        }
        if let Some(value) = value(&property, context) {
            properties.insert(property.name, value);
        }
    }
    let token = match raw.oauthbearer {
        Field::Given(section, at) => {
            let file = section.token_file.required(context.problems, "token_file: /run/secrets/token");
            Some((file.map(|(file, _)| context.folder.join(file.0)), at))
        }
        Field::Absent(_) => None,
        Field::Wrong => return None,
    };
    check_mechanism(&properties, token.as_ref().map(|(_, at)| at), &mechanism_at, context);
    Some(Cluster {
        name: item.name,
        bootstrap_servers: bootstrap?.0.0,
        properties,
        oauthbearer_token_file: token.and_then(|(file, _)| file),
    })
}

/// The value of one property, if wasmill and the client library take it.
fn value(property: &Item<raw::Property>, context: &Context<'_>) -> Option<Secret> {
    let (name, problems) = (property.name.as_str(), context.problems);
    if let Some(owned) = owned::find(name) {
        let message = match &property.value {
            Some(raw::Property::Text(scalar)) if !is_secret_name(name) => {
                format!("{} can't be set: wasmill sets `{name}`, {}", scalar.shown(), owned.why)
            }
            _ => format!("this can't be set: wasmill sets `{name}`, {}", owned.why),
        };
        problems.push(&property.at, message, Some(owned.instead.to_owned()));
        return None;
    }
    if !raw::PropertyName::allows(name) {
        return None; // reported when it was read; the client library would only say it again
    }
    let secret = match property.value.as_ref()? {
        raw::Property::Text(scalar) if scalar.substituted() || is_secret_name(name) => Secret::hidden(&scalar.text),
        raw::Property::Text(scalar) => Secret::plain(&scalar.text),
        raw::Property::File(file, at) => match read_secret(&context.folder.join(&file.0)) {
            Ok(secret) => Secret::hidden(secret),
            Err(message) => {
                problems.push(at, message, None);
                return None;
            }
        },
    };
    if let Err(said) = (context.checks.property)(name, secret.expose()) {
        let message = if secret.hidden && quotes(&said, &secret) {
            "the client library does not take this value (not shown here)".to_owned()
        } else {
            format!("the client library does not take it: {said}")
        };
        problems.push(&property.at, message, Some("see librdkafka's CONFIGURATION.md for names and values".to_owned()));
        return None;
    }
    Some(secret)
}

/// Whether what the client library says holds a part of the value: it quotes what it refuses, and cuts what is long.
fn quotes(said: &str, secret: &Secret) -> bool {
    let beginning: String = secret.expose().trim().chars().take(4).collect();
    !beginning.is_empty() && said.contains(&beginning)
}

/// Whether a property of this name holds something that must not be shown, however it was written.
fn is_secret_name(name: &str) -> bool {
    const PARTS: [&str; 6] = ["password", "secret", "passphrase", "token", "key.pem", "oauthbearer.config"];
    PARTS.iter().any(|part| name.contains(part))
}

fn is_mechanism(name: &str) -> bool {
    matches!(name, "sasl.mechanisms" | "sasl.mechanism")
}

/// OAUTHBEARER and its token file come together, or the client would wait for a token for ever, or never ask for it.
fn check_mechanism(
    properties: &BTreeMap<String, Secret>,
    token_at: Option<&At>,
    mechanism_at: &At,
    context: &Context<'_>,
) {
    let mechanism = properties.iter().find(|(name, _)| is_mechanism(name)).map(|(_, value)| value);
    let is_bearer = mechanism.is_some_and(|mechanism| mechanism.expose() == "OAUTHBEARER");
    let has_own_token = properties.iter().any(|(name, _)| name.contains("oauthbearer"));
    let hint = |line: &str| Some(line.to_owned());
    match (token_at, mechanism) {
        (Some(at), None) => context.problems.push(
            at,
            "a token file is given, but `sasl.mechanisms` is not set",
            hint("add `sasl.mechanisms: OAUTHBEARER` to `properties`"),
        ),
        (Some(at), Some(mechanism)) if !is_bearer => context.problems.push(
            at,
            format!("a token file is given, but `sasl.mechanisms` is {mechanism:?}"),
            hint("set `sasl.mechanisms: OAUTHBEARER`, or remove `oauthbearer`"),
        ),
        (None, Some(_)) if is_bearer && !has_own_token => context.problems.push(
            mechanism_at,
            "`sasl.mechanisms` is OAUTHBEARER, but there is no token",
            hint("add `oauthbearer: { token_file: /run/secrets/token }` to the cluster"),
        ),
        _ => {}
    }
}
