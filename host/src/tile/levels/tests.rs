use proptest::prelude::*;

use super::super::TimeWindow;
use super::*;
use crate::time::Grid;

const HOUR: i64 = 3_600_000_000;
const DAY: i64 = 24 * HOUR;

fn at(hour: i64) -> Timestamp {
    Timestamp::from_micros(hour * HOUR)
}

fn spec(interval: Span, windows: Vec<TimeWindow>) -> TileSpec {
    TileSpec {
        keys: Vec::new(),
        secondary: None,
        time_column: "time".into(),
        order: Vec::new(),
        interval,
        schedule: Grid::new(at(0), interval).expect("positive"),
        data_delay: Span::ZERO,
        lifetime_start: at(-3),
        columns: Vec::new(),
        windows,
        features: Vec::new(),
    }
}

fn sliding(size: &str, offset: &str) -> TimeWindow {
    let [size, offset] = [size, offset].map(|text| text.parse().expect("a length of time"));
    TimeWindow::Sliding { size, offset }
}

#[test]
fn which_levels_there_are() {
    for (interval, window, levels) in [
        ("1h", sliding("365d", "0s"), &["1d", "16d"][..]),
        ("1h", sliding("1d", "0s"), &[]),
        ("1h", sliding("2d", "0s"), &["1d"]),
        ("1h", sliding("1d", "-1d"), &["1d"]),
        ("1h", TimeWindow::Lifetime, &["1d", "16d"]),
        ("5m", sliding("30d", "0s"), &["1h", "1d"]),
        ("5m", sliding("32d", "0s"), &["1h", "1d", "16d"]),
        ("20m", sliding("365d", "0s"), &["1d", "16d"]),
        ("7h", sliding("700h", "0s"), &[]),
        ("1d", sliding("365d", "0s"), &["16d"]),
        ("7d", sliding("364d", "0s"), &[]),
        ("16d", sliding("320d", "0s"), &[]),
    ] {
        let spec = spec(interval.parse().expect("a length of time"), vec![window]);
        let found: Vec<String> = spec.levels().iter().map(|level| level.interval.to_string()).collect();
        let expected: Vec<String> = levels
            .iter()
            .map(|text| text.parse::<Span>().expect("a length of time").to_string())
            .collect();
        assert_eq!(found, expected, "{interval} {window:?}");
    }
}

#[test]
fn tiles_within_an_interval() {
    let within = |start: i64, end: i64| {
        let interval = Interval {
            start: Timestamp::from_micros(start),
            end: Timestamp::from_micros(end),
        };
        let tiles = tiles_within(interval, Span::from_micros(10));
        tiles
            .map(|tile| (tile.start.micros(), tile.end.micros()))
            .collect::<Vec<_>>()
    };
    assert_eq!(within(-10, 20), [(-10, 0), (0, 10), (10, 20)]);
    assert_eq!(within(-9, 19), [(0, 10)]);
    assert_eq!(within(1, 10), []);
    assert_eq!(within(i64::MAX - 5, i64::MAX), []);
}

/// A year of hours takes a few hours, some days and many times 16 days.
#[test]
fn a_long_window_is_covered_by_few_tiles() {
    let spec = spec(
        Span::from_micros(HOUR),
        vec![sliding("365d", "0s"), sliding("30d", "0s")],
    );
    let edge = at(20_000 * 24 + 7);
    let covers = spec.cover(edge, at(0), &spec.levels(), |_, _| true);
    let tiles = |level: Option<usize>, length: i64| -> i64 {
        let of_level = covers.iter().filter(|cover| cover.level == level);
        of_level
            .map(|cover| cover.interval.end.since(cover.interval.start).micros() / length)
            .sum()
    };
    let found = (tiles(Some(1), 16 * DAY), tiles(Some(0), DAY), tiles(None, HOUR));
    assert_eq!(found, (21, 27, 48));
    assert_eq!(found.0 * 16 * 24 + found.1 * 24 + found.2, 365 * 24);
}

proptest! {
    /// Every moment in reach is covered once, by tiles that are sealed and that lie in every window as a whole or not at all.
    #[test]
    fn a_cover_is_whole_and_cuts_no_window(
        windows in proptest::collection::vec((1_i64..900, 0_i64..400), 1..5),
        lifetime in any::<bool>(),
        edge in -500_i64..2_000,
        since in -600_i64..100,
        unsealed in proptest::collection::btree_set((0_usize..2, -2_000_i64..2_000), 0..20),
    ) {
        let hours = |n: i64| Span::from_micros(n * HOUR);
        let windows = windows.into_iter().map(|(size, offset)| TimeWindow::Sliding { size: hours(size), offset: hours(-offset) });
        let mut windows: Vec<TimeWindow> = windows.collect();
        if lifetime {
            windows.push(TimeWindow::Lifetime);
        }
        let spec = spec(Span::from_micros(HOUR), windows);
        let levels = spec.levels();
        let is_sealed = |level: usize, tile: Interval| {
            !unsealed.iter().any(|(other, hour)| *other == level && tile.contains(at(*hour)))
        };
        let covers = spec.cover(at(edge), at(since), &levels, is_sealed);
        let reach = spec.reach(at(edge), at(edge));
        let mut hour = reach.start.max(at(since)).min(reach.end);
        while hour < reach.end {
            let over: Vec<&Cover> = covers.iter().filter(|cover| cover.interval.contains(hour)).collect();
            prop_assert_eq!(over.len(), 1, "{:?}: {:?}", hour, covers);
            if let Some(level) = over[0].level {
                let tile = tile_around(hour.micros(), levels[level].interval);
                let tile = Interval { start: Timestamp::from_micros(tile.start), end: Timestamp::from_micros(tile.end) };
                prop_assert!(is_sealed(level, tile));
                prop_assert!(over[0].interval.start <= tile.start && tile.end <= over[0].interval.end);
                for window in spec.windows.iter().flat_map(|window| window.at(at(edge), spec.lifetime_start)) {
                    let outside = tile.end <= window.start || window.end <= tile.start;
                    let inside = window.start <= tile.start && tile.end <= window.end;
                    prop_assert!(outside || inside, "{:?} in {:?}", tile, window);
                }
            }
            hour = Timestamp::from_micros(hour.micros() + HOUR);
        }
        let covered: i64 = covers.iter().map(|cover| cover.interval.end.since(cover.interval.start).micros()).sum();
        prop_assert_eq!(covered, reach.end.since(reach.start.max(at(since)).min(reach.end)).micros());
    }
}
