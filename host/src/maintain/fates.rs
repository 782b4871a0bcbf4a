use crate::registry::{AppliedView, Kept};
use crate::time::{Span, Timestamp};

/// What becomes of a version of a view.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fate {
    /// It is the one that is materialized.
    Applied,
    /// It is served until another one is complete.
    Live,
    /// It can be gone back to until this time.
    Kept(Timestamp),
    /// It is dropped.
    Dropped,
}

impl Fate {
    /// As reports name it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Applied => "applied",
            Self::Live => "live",
            Self::Kept(_) => "kept",
            Self::Dropped => "dropped",
        }
    }

    /// Until when it stays at least, where that is known.
    pub fn until(self) -> Option<Timestamp> {
        match self {
            Self::Kept(until) => Some(until),
            _ => None,
        }
    }
}

/// A version and what becomes of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct VersionFate {
    /// Its number.
    pub version: u32,
    /// What becomes of it.
    pub fate: Fate,
}

/// What becomes of the versions of a view: of those in the registry, and of those in `found`, whose folders were there before the registry
/// was read. A version goes if it is neither applied nor live and was superseded (`superseded_at`) longer ago than `retention`. What
/// the registry does not know, though it gave the number, is what a removal left that was cut off, and goes.
pub fn fates(
    view: &AppliedView,
    superseded_at: impl Fn(&Kept) -> Timestamp,
    live: Option<u32>,
    found: &[u32],
    retention: Span,
    now: Timestamp,
) -> Vec<VersionFate> {
    let mut versions: Vec<u32> = view.kept.iter().map(|kept| kept.version).collect();
    versions.push(view.version);
    versions.extend(found.iter().filter(|version| **version <= view.last_version()));
    versions.sort_unstable();
    versions.dedup();
    let fate = |version: u32| {
        if version == view.version {
            return Fate::Applied;
        }
        if live == Some(version) {
            return Fate::Live;
        }
        let Some(kept) = view.kept.iter().find(|kept| kept.version == version) else {
            return Fate::Dropped;
        };
        match superseded_at(kept).saturating_add(retention) {
            until if until > now => Fate::Kept(until),
            _ => Fate::Dropped,
        }
    };
    versions
        .into_iter()
        .map(|version| VersionFate {
            version,
            fate: fate(version),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    fn kept(version: u32, application: u64) -> Kept {
        Kept {
            version,
            version_at: Timestamp::from_micros(0),
            component: None,
            parts: BTreeMap::new(),
            application,
        }
    }

    #[test]
    fn who_stays() {
        let view = AppliedView {
            view_id: "v".to_owned(),
            version: 5,
            version_at: Timestamp::from_micros(0),
            component: None,
            parts: BTreeMap::new(),
            kept: vec![kept(2, 10), kept(3, 20), kept(4, 30), kept(6, 30)],
            adopted: Vec::new(),
            dropped: 0,
        };
        let of = |now: i64, live: Option<u32>| {
            let superseded = |kept: &Kept| Timestamp::from_micros(kept.application.cast_signed());
            // One whose removal was cut off, and one that somebody may be about to apply.
            let found = [1, 3, 7];
            let fates = fates(
                &view,
                superseded,
                live,
                &found,
                Span::from_micros(5),
                Timestamp::from_micros(now),
            );
            fates
                .into_iter()
                .map(|found| (found.version, found.fate))
                .collect::<Vec<_>>()
        };
        let until = |micros| Fate::Kept(Timestamp::from_micros(micros));
        assert_eq!(
            of(24, None),
            [
                (1, Fate::Dropped),
                (2, Fate::Dropped),
                (3, until(25)),
                (4, until(35)),
                (5, Fate::Applied),
                (6, until(35))
            ]
        );
        assert_eq!(
            of(35, Some(3)),
            [
                (1, Fate::Dropped),
                (2, Fate::Dropped),
                (3, Fate::Live),
                (4, Fate::Dropped),
                (5, Fate::Applied),
                (6, Fate::Dropped)
            ]
        );
    }
}
