//! What a transaction stores beside its offsets, so that it is known again.
//!
//! `<instance>:<run>:<worker>:<n>` names one transaction and no other one, ever (R1.4). Where a pipeline keeps state,
//! `:<store>=<topic id>;...` behind it says which changelogs the offsets belong to: one that was deleted and created anew
//! under its name has another id, and nobody needs a cache of the old one to notice (R6.7).

use wasmill_state::Stores;

/// How a token of a reset begins, where others have the instance.
const RESET: &str = "reset:";

/// Enough of an id to tell two topics of one name apart: 48 bits.
const ID_CHARS: usize = 8;

/// A broker takes 4,096 bytes beside an offset (`offset.metadata.max.bytes`), and the name before these takes some 200. What
/// does not fit is left out, and is not noticed.
const CHANGELOGS_BYTES_MAX: usize = 2048;

/// The last part of the tokens of a pipeline with these stores, each with its changelog's id.
pub(crate) fn changelogs<'a>(stores: impl IntoIterator<Item = (&'a str, &'a str)>) -> String {
    let mut part = String::new();
    for (name, id) in stores {
        let id: String = id.chars().take(ID_CHARS).collect();
        // A broker without ids of topics has nothing to tell them apart by.
        if !id.is_empty() && part.len() + name.len() + id.len() + 2 <= CHANGELOGS_BYTES_MAX {
            part.push_str(if part.is_empty() { ":" } else { ";" });
            part.push_str(&format!("{name}={id}"));
        }
    }
    part
}

/// The same, of stores that are open.
pub(crate) fn changelogs_of(stores: &Stores) -> String {
    let settings = (0..u16::try_from(stores.len()).unwrap_or(u16::MAX)).filter_map(|store| stores.settings(store));
    changelogs(settings.map(|settings| (settings.name.as_str(), settings.topic_id.as_str())))
}

/// The store whose changelog is another one than when `token` was stored. `changelogs` are those of now; a store that only
/// one side knows is new, or is not kept any more.
pub(crate) fn replaced<'a>(token: &str, changelogs: &'a str) -> Option<&'a str> {
    let now: Vec<_> = pairs(changelogs).collect();
    // Several transactions, one for each input, may have stored what is there.
    token
        .split(',')
        .flat_map(pairs)
        .find_map(|(name, then)| now.iter().find_map(|(other, id)| (*other == name && *id != then).then_some(*other)))
}

/// Of the `n`th transaction of a reset for this partition.
pub(crate) fn of_reset(run: &str, partition: i32, n: u64, changelogs: &str) -> String {
    format!("{RESET}{run}:{partition}:{n}{changelogs}")
}

pub(crate) fn is_of_reset(token: &str) -> bool {
    token.starts_with(RESET)
}

/// Whether the token says which changelog the store had.
pub(crate) fn names(token: &str, store: &str) -> bool {
    token.split(',').flat_map(pairs).any(|(name, _)| name == store)
}

/// Names and ids; nothing in tokens without them.
fn pairs(token: &str) -> impl Iterator<Item = (&str, &str)> {
    let part = token.rsplit(':').next().unwrap_or_default();
    part.split(';').filter_map(|pair| pair.split_once('='))
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: [(&str, &str); 2] = [("counts", "kPmQ0a9xTh2"), ("stock", "77777777777")];

    fn token(stores: &[(&str, &str)]) -> String {
        format!("host-1:ab12.0:0:17{}", changelogs(stores.iter().copied()))
    }

    #[test]
    fn a_token_names_the_changelogs_that_its_offsets_belong_to() {
        assert_eq!(token(&NOW), "host-1:ab12.0:0:17:counts=kPmQ0a9x;stock=77777777");
        assert_eq!(token(&[]), "host-1:ab12.0:0:17");
        assert_eq!(token(&[("counts", "")]), "host-1:ab12.0:0:17", "a broker without ids");
    }

    #[test]
    fn a_changelog_of_another_id_was_replaced() {
        let now = changelogs(NOW);
        assert_eq!(replaced(&token(&NOW), &now), None);
        assert_eq!(replaced(&token(&[("counts", "kPmQ0a9xTh2"), ("stock", "88888888")]), &now), Some("stock"));
        let of_two = format!("{},{}", token(&NOW), token(&[("counts", "other")]));
        assert_eq!(replaced(&of_two, &now), Some("counts"), "of one of several transactions");
    }

    #[test]
    fn a_store_that_one_side_does_not_know_was_not_replaced() {
        let now = changelogs(NOW);
        assert_eq!(replaced(&token(&[("former", "123")]), &now), None, "is not kept any more");
        assert_eq!(replaced(&token(&NOW[..1]), &now), None, "is new");
        for without in ["host-1:ab12.0:0:17", "reset:ab12:0:3", "", "=", ":;=,:"] {
            assert_eq!(replaced(without, &now), None, "{without:?}");
        }
    }

    #[test]
    fn many_stores_fit_beside_an_offset() {
        let names: Vec<String> = (0..1000).map(|at| format!("store-{at}")).collect();
        let part = changelogs(names.iter().map(|name| (name.as_str(), "12345678")));
        assert!(part.len() <= CHANGELOGS_BYTES_MAX && part.len() > CHANGELOGS_BYTES_MAX - 30, "{}", part.len());
    }
}
