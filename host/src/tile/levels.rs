//! Coarser tiles: which lengths there are, and which tiles of which length a value's windows are covered by.

use super::spec::{TileSpec, tile_around};
use crate::time::{Interval, Span, Timestamp, union};

/// Lengths that coarser tiles may have, each a multiple of the one before: an hour, a day, 16 days.
const LENGTHS: [Span; 3] = [
    Span::from_micros(3_600_000_000),
    Span::from_days(1),
    Span::from_days(16),
];

/// A level is worth its keeping if it takes the place of so many tiles of the one below.
const FACTOR_MIN: i64 = 4;

/// Parts that a cover has at most; one of more is of the shortest tiles alone.
const PARTS_MAX: usize = 64;

/// Tiles of one length over a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cover {
    /// Which of the levels; none for the tiles that jobs make.
    pub level: Option<usize>,
    /// Where its tiles begin.
    pub interval: Interval,
}

impl TileSpec {
    /// The same tiles, longer: each level is made of tiles of this one, the shortest level first. Views whose windows are all
    /// shorter than two of a level's tiles do not have it.
    pub fn levels(&self) -> Vec<Self> {
        let longest = self
            .windows
            .iter()
            .map(super::TimeWindow::reach)
            .collect::<Option<Vec<Span>>>();
        let longest = longest.map(|spans| spans.into_iter().max().unwrap_or(Span::ZERO));
        let mut below = self.interval;
        let mut levels = Vec::new();
        for length in LENGTHS {
            let is_coarser = length.is_multiple_of(below) && length.micros() / below.micros() >= FACTOR_MIN;
            let is_reached = longest.is_none_or(|longest| longest.micros() >= length.micros().saturating_mul(2));
            if is_coarser && is_reached {
                below = length;
                levels.push(Self {
                    interval: length,
                    ..self.clone()
                });
            }
        }
        levels
    }

    /// The tiles that values at a leading edge are made of, as few as there are: of the levels, longest last, those that `is_sealed`
    /// and that no window begins or ends in, and where there is none the tiles that jobs make. There are none before `since`.
    pub fn cover(
        &self,
        edge: Timestamp,
        since: Timestamp,
        levels: &[Self],
        is_sealed: impl Fn(usize, Interval) -> bool,
    ) -> Vec<Cover> {
        let reach = self.reach(edge, edge);
        let whole = Interval {
            start: reach.start.max(since).min(reach.end),
            end: reach.end,
        };
        let base = |interval| Cover { level: None, interval };
        let mut cuts: Vec<Timestamp> = self
            .windows
            .iter()
            .flat_map(|window| window.at(edge, self.lifetime_start))
            .flat_map(|interval| [interval.start, interval.end])
            .collect();
        cuts.sort_unstable();
        cuts.dedup();
        let mut covers = Vec::new();
        let mut left = vec![whole];
        left.retain(|interval| !interval.is_empty());
        for (level, spec) in levels.iter().enumerate().rev() {
            let (mut taken, mut rest) = (Vec::new(), Vec::new());
            for interval in left {
                let mut from = interval.start;
                for tile in tiles_within(interval, spec.interval) {
                    let cut = cuts.partition_point(|cut| *cut <= tile.start);
                    let is_cut = cuts.get(cut).is_some_and(|cut| *cut < tile.end);
                    if !is_cut && is_sealed(level, tile) {
                        rest.push(Interval {
                            start: from,
                            end: tile.start,
                        });
                        taken.push(tile);
                        from = tile.end;
                    }
                }
                rest.push(Interval {
                    start: from,
                    end: interval.end,
                });
            }
            let level = Some(level);
            covers.extend(union(taken).into_iter().map(|interval| Cover { level, interval }));
            left = rest.into_iter().filter(|interval| !interval.is_empty()).collect();
        }
        covers.extend(union(left).into_iter().map(base));
        match covers.len() <= PARTS_MAX {
            true => covers,
            false => vec![base(whole)],
        }
    }
}

/// The tiles of a length that lie in an interval as a whole, in order.
pub fn tiles_within(interval: Interval, length: Span) -> impl Iterator<Item = Interval> {
    let first = tile_around(interval.start.micros(), length);
    let first = match first.start == interval.start.micros() {
        true => first.start,
        false => first.end,
    };
    let length = length.micros();
    let starts = (0..).map_while(move |tile: i64| first.checked_add(tile.checked_mul(length)?));
    starts
        .map_while(move |start| {
            Some(Interval {
                start: Timestamp::from_micros(start),
                end: Timestamp::from_micros(start.checked_add(length)?),
            })
        })
        .take_while(move |tile| tile.end <= interval.end)
}

#[cfg(test)]
mod tests;
