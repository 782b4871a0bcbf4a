use crate::definition::{JoinKey, KeyKind};
use crate::key::{KeyValue, decode};
use crate::online::{Change, OnlineError, OnlineStore};
use crate::workspace::Name;

/// How often items are looked for anew because somebody wrote meanwhile.
const TRIES: usize = 10;

/// The items of a version of a view whose keys have certain values at some places: those of one of its entities.
#[derive(Debug, Clone)]
pub struct ItemsOf {
    kinds: Vec<KeyKind>,
    parts: Vec<(usize, KeyValue)>,
}

impl ItemsOf {
    /// `all` are the version's keys, in the order of its items; `keys` are some of them, each with its value.
    pub fn new(all: &[JoinKey], keys: &[JoinKey], values: &[KeyValue]) -> Self {
        let place = |key: &JoinKey| all.iter().position(|other| other.name == key.name);
        let parts = keys.iter().zip(values);
        Self {
            kinds: all.iter().map(|key| key.kind).collect(),
            parts: parts
                .filter_map(|(key, value)| Some((place(key)?, value.clone())))
                .collect(),
        }
    }

    /// Whether an item's key is of these.
    pub fn has(&self, key: &[u8]) -> bool {
        let key = decode(&self.kinds, key);
        key.is_some_and(|key| self.parts.iter().all(|(place, value)| key.get(*place) == Some(value)))
    }
}

/// A table that has changed since a generation was made of it, and that it is changed for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Followed {
    /// The version that the generation is up to.
    pub from: u64,
    /// The version that it is up to afterwards.
    pub to: u64,
}

/// What a generation was made of and is changed for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct FollowedTables {
    /// The rows.
    pub rows: Option<Followed>,
    /// Their tiles.
    pub tiles: Option<Followed>,
}

/// The keys of a view's live items that are chosen, by the live version and the key.
pub fn chosen_items(
    store: &dyn OnlineStore,
    name: &Name,
    chosen: &dyn Fn(u32, &[u8]) -> bool,
) -> Result<Vec<Vec<u8>>, OnlineError> {
    match store.live(name)? {
        Some((record, _)) => store.keys(name, &|key| chosen(record.version, key)),
        None => Ok(Vec::new()),
    }
}

/// Takes the chosen items out of what is live, in one change; says how many. Whoever is building another generation of older rows cannot
/// switch to it afterwards.
pub fn forget_items(
    store: &dyn OnlineStore,
    name: &Name,
    chosen: &dyn Fn(u32, &[u8]) -> bool,
    followed: FollowedTables,
) -> Result<u64, OnlineError> {
    for last in (0..TRIES).rev() {
        let Some((record, mut state)) = store.live(name)? else {
            return Ok(0);
        };
        let deletes = store.keys(name, &|key| chosen(record.version, key))?;
        if deletes.is_empty() {
            return Ok(0);
        }
        let count = deletes.len() as u64;
        if let Some(rows) = followed.rows.filter(|rows| rows.from == state.offline_version) {
            state.offline_version = rows.to;
        }
        if let Some(tiles) = followed.tiles.filter(|tiles| Some(tiles.from) == state.tiles_version) {
            state.tiles_version = Some(tiles.to);
        }
        let change = Change {
            puts: Vec::new(),
            deletes,
            state,
        };
        match store.write(name, &record, &change) {
            Ok(()) => return Ok(count),
            Err(OnlineError::Conflict { .. }) if last > 0 => {}
            Err(error) => return Err(error),
        }
    }
    Ok(0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::key::encode;

    #[test]
    fn by_some_of_their_keys() {
        let key = |name: &str, kind| JoinKey {
            name: name.to_owned(),
            kind,
        };
        let all = [key("shop", KeyKind::Utf8), key("customer", KeyKind::Int64)];
        let items = ItemsOf::new(&all, &all[1..], &[KeyValue::Int64(7)]);
        let has = |shop: &str, customer| items.has(&encode(&[KeyValue::Utf8(shop.into()), KeyValue::Int64(customer)]));
        assert!(has("a", 7) && has("b", 7) && !has("a", 70));
        assert!(!items.has(b"no key"));
    }
}
