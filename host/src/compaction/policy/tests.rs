use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;

use super::*;
use crate::definition::{JoinKey, KeyKind};
use crate::tile::TimeWindow;
use crate::time::{Grid, Span};

/// An hour, the length of a tile here.
const HOUR: i64 = 3_600_000_000;

fn at(hour: i64) -> Timestamp {
    Timestamp::from_micros(hour * HOUR)
}

fn hours(start: i64, end: i64) -> Interval {
    let (start, end) = (at(start), at(end));
    Interval { start, end }
}

fn span(hours: i64) -> Span {
    Span::from_micros(hours * HOUR)
}

fn spec(windows: Vec<TimeWindow>, lifetime_start: i64) -> TileSpec {
    TileSpec {
        keys: vec![JoinKey {
            name: "key".into(),
            kind: KeyKind::Int64,
        }],
        secondary: None,
        time_column: "time".into(),
        order: Vec::new(),
        interval: span(1),
        schedule: Grid::new(at(0), span(1)).expect("positive"),
        data_delay: Span::ZERO,
        lifetime_start: at(lifetime_start),
        columns: Vec::new(),
        windows,
        features: Vec::new(),
    }
}

fn window() -> impl Strategy<Value = TimeWindow> {
    prop_oneof![
        4 => (1_i64..20, 0_i64..10).prop_map(|(size, offset)| TimeWindow::Sliding { size: span(size), offset: span(-offset) }),
        1 => Just(TimeWindow::Lifetime),
        2 => (1_i64..4, 1_i64..4, 1_i64..5, 0_i64..3).prop_map(|(step, size, count, end)| TimeWindow::Series {
            start: span(-(end + step * (count - 1) + size)),
            end: span(-end),
            step: span(step),
            size: span(size),
        }),
    ]
}

/// Tiles by key: the hour that each begins at, and what is in it.
type Tiles = BTreeMap<(u8, i64), u8>;

fn tiles() -> impl Strategy<Value = Tiles> {
    proptest::collection::btree_map((0_u8..30, -10_i64..60), 0_u8..3, 0..120)
}

/// What a key's item is made of: of each window its tiles; none if there is none in reach.
fn content(spec: &TileSpec, edge: i64, tiles: &Tiles, key: u8) -> Option<Vec<Vec<(i64, u8)>>> {
    let of_key = || tiles.iter().filter(move |((of, _), _)| *of == key);
    let within = |interval: Interval| {
        let tiles = of_key().filter(move |((_, hour), _)| interval.contains(at(*hour)));
        tiles.map(|((_, hour), value)| (*hour, *value)).collect::<Vec<_>>()
    };
    (!within(spec.reach(at(edge), at(edge))).is_empty()).then(|| {
        let windows = spec.windows.iter();
        let parts = windows.flat_map(|window| window.at(at(edge), spec.lifetime_start));
        parts.map(within).collect()
    })
}

fn keys_in(tiles: &Tiles, intervals: &[Interval]) -> BTreeSet<u8> {
    let inside = |hour: i64| intervals.iter().any(|interval| interval.contains(at(hour)));
    let found = tiles.keys().filter(|(_, hour)| inside(*hour));
    found.map(|(key, _)| *key).collect()
}

proptest! {
    /// The law: a key whose item differs is found, whatever tiles came, went or changed, and however far the edge moved.
    #[test]
    fn no_key_whose_item_differs_is_missed(
        windows in proptest::collection::vec(window(), 1..4),
        lifetime_start in -5_i64..40,
        old in 0_i64..40,
        on in 0_i64..20,
        before in tiles(),
        redone in tiles(),
        changed in proptest::collection::vec((-12_i64..60, 1_i64..12), 0..4),
        most in 1_usize..5,
    ) {
        let spec = spec(windows, lifetime_start);
        let new = old + on;
        let mut changed: Vec<Interval> = changed.into_iter().map(|(start, length)| hours(start, start + length)).collect();
        // What lay after the old edge has been made since.
        changed.push(hours(old, 60));
        let is_changed = |hour: i64| changed.iter().any(|interval| interval.contains(at(hour)));
        let kept = before.iter().filter(|((_, hour), _)| !is_changed(*hour));
        let new_ones = redone.iter().filter(|((_, hour), _)| is_changed(*hour));
        let after: Tiles = kept.chain(new_ones).map(|(key, value)| (*key, *value)).collect();

        let affected = of_windows(&spec, at(old), at(new), &changed);
        prop_assert_eq!(union(affected.now.clone()), affected.now.clone());
        let now = fewer(affected.now.clone(), most);
        prop_assert!(now.len() <= most);
        let mut found = keys_in(&after, &now);
        found.extend(keys_in(&before, &fewer(affected.before, most)));
        for key in 0..30 {
            let (was, is) = (content(&spec, old, &before, key), content(&spec, new, &after, key));
            prop_assert!(was == is || found.contains(&key), "key {}: {:?} to {:?}", key, was, is);
        }
    }

    /// And not all keys are: one with a tile in the middle of a window only is left alone.
    #[test]
    fn a_key_in_the_middle_is_left_alone(old in 0_i64..40, on in 1_i64..5) {
        let spec = spec(vec![TimeWindow::Sliding { size: span(100), offset: Span::ZERO }], 0);
        let affected = of_windows(&spec, at(old), at(old + on), &[hours(old, old + on)]);
        prop_assert_eq!(affected.now, vec![hours(old - 100, old - 100 + on), hours(old, old + on)]);
        prop_assert_eq!(affected.before, vec![]);
    }
}

#[test]
fn rows_are_looked_for_where_they_came_and_where_they_changed() {
    let affected = of_rows(at(0), at(10), at(12), &[hours(-3, 2), hours(9, 11)]);
    assert_eq!(affected.now, [hours(0, 2), hours(9, 12)]);
    assert_eq!(affected.before, [hours(0, 2), hours(9, 10)]);
    let nothing = of_rows(at(0), at(10), at(10), &[]);
    assert_eq!((nothing.now, nothing.before), (vec![], vec![]));
}

#[test]
fn which_way_so_many_keys_are_written() {
    use OnlineLoad::{Auto, Bulk, Rows};
    for (load, live, price, keys, expected) in [
        (Auto, 0, None, 0, Way::Change),
        (Auto, 5, None, 1_000, Way::Change),
        (Auto, 5, None, 1_001, Way::Generation),
        (Auto, 100_000, None, 10_000, Way::Change),
        (Auto, 100_000, None, 10_001, Way::Generation),
        (Auto, 1 << 40, None, CHANGE_KEYS_MAX, Way::Change),
        (Auto, 1 << 40, None, CHANGE_KEYS_MAX + 1, Way::Generation),
        // Where a new generation costs a twentieth an item, or as much.
        (Auto, 100_000, Some(0.05), 5_000, Way::Change),
        (Auto, 100_000, Some(0.05), 5_001, Way::Generation),
        (Auto, 100_000, Some(1.0), 100_000, Way::Change),
        (Bulk, 100_000, None, 0, Way::Generation),
        (Rows, 5, None, CHANGE_KEYS_MAX, Way::Change),
        (Rows, 5, None, CHANGE_KEYS_MAX + 1, Way::Generation),
    ] {
        assert_eq!(
            way(load, change_keys_max(load, live, price), keys),
            expected,
            "{load:?}, {live} live at {price:?}, {keys} affected"
        );
    }
}

#[test]
fn the_smallest_gaps_are_closed_first() {
    let all = vec![hours(0, 1), hours(2, 3), hours(9, 10), hours(13, 14)];
    assert_eq!(fewer(all.clone(), 4), all);
    assert_eq!(fewer(all.clone(), 3), [hours(0, 3), hours(9, 10), hours(13, 14)]);
    assert_eq!(fewer(all.clone(), 2), [hours(0, 3), hours(9, 14)]);
    assert_eq!(fewer(all, 0), [hours(0, 14)]);
    assert_eq!(fewer(vec![], 3), []);
}
