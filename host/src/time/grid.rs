use super::{Interval, Span, Timestamp};

/// The boundaries `origin + k * step`, for every whole k.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Grid {
    origin: Timestamp,
    step: Span,
}

impl Grid {
    /// A grid, or none if `step` is not positive.
    pub fn new(origin: Timestamp, step: Span) -> Option<Self> {
        (step > Span::ZERO).then_some(Self { origin, step })
    }

    /// The distance between two boundaries.
    pub fn step(&self) -> Span {
        self.step
    }

    /// The last boundary at or before `at`.
    pub fn floor(&self, at: Timestamp) -> Timestamp {
        let step = i128::from(self.step.micros());
        let offset = i128::from(at.micros()) - i128::from(self.origin.micros());
        clamp(i128::from(self.origin.micros()) + offset.div_euclid(step) * step)
    }

    /// The first boundary at or after `at`.
    pub fn ceil(&self, at: Timestamp) -> Timestamp {
        let floor = self.floor(at);
        if floor == at {
            at
        } else {
            floor.saturating_add(self.step)
        }
    }

    /// Whether `at` is a boundary.
    pub fn is_boundary(&self, at: Timestamp) -> bool {
        self.floor(at) == at
    }

    /// The interval that holds `at`.
    pub fn interval(&self, at: Timestamp) -> Interval {
        let start = self.floor(at);
        Interval {
            start,
            end: start.saturating_add(self.step),
        }
    }

    /// The boundaries cut `range` into these, in order. Where its ends lie on no boundary, the first and the last are shorter.
    pub fn intervals(&self, range: Interval) -> impl Iterator<Item = Interval> + use<> {
        let grid = *self;
        let mut start = range.start;
        std::iter::from_fn(move || {
            if start >= range.end {
                return None;
            }
            let interval = Interval {
                start,
                end: grid.interval(start).end.min(range.end),
            };
            start = interval.end;
            Some(interval)
        })
    }
}

fn clamp(micros: i128) -> Timestamp {
    Timestamp::from_micros(micros.clamp(i128::from(i64::MIN), i128::from(i64::MAX)) as i64)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(micros: i64) -> Timestamp {
        Timestamp::from_micros(micros)
    }

    #[test]
    fn floor_and_ceil_on_both_sides_of_the_origin() {
        let grid = Grid::new(at(3), Span::from_micros(10)).expect("positive");
        for (time, floor, ceil) in [
            (3, 3, 3),
            (4, 3, 13),
            (12, 3, 13),
            (13, 13, 13),
            (2, -7, 3),
            (-7, -7, -7),
            (-8, -17, -7),
        ] {
            assert_eq!(
                (grid.floor(at(time)), grid.ceil(at(time))),
                (at(floor), at(ceil)),
                "{time}"
            );
        }
    }

    #[test]
    fn extremes_do_not_overflow() {
        let grid = Grid::new(at(i64::MAX), Span::from_micros(i64::MAX)).expect("positive");
        assert!(grid.floor(at(i64::MIN)) <= at(0));
        let _ = grid.ceil(at(i64::MAX));
        assert!(Grid::new(at(0), Span::ZERO).is_none());
    }

    #[test]
    fn intervals_cover_the_range() {
        let grid = Grid::new(at(0), Span::from_micros(10)).expect("positive");
        let cut: Vec<_> = grid
            .intervals(Interval {
                start: at(0),
                end: at(30),
            })
            .map(|i| (i.start.micros(), i.end.micros()))
            .collect();
        assert_eq!(cut, [(0, 10), (10, 20), (20, 30)]);
    }
}
