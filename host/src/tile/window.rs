//! The whole window policy: where windows begin and end, relative to the leading edge.
//!
//! With leading edge A, a time window of size w is `[A - w, A)`, shifted back by its offset; a lifetime window is
//! `[lifetime_start_time, A)`; a series is windows of one size, each a step after the one before. Both ends lie on the tile grid,
//! so that windows are made of whole tiles.

use serde::{Deserialize, Serialize};

use crate::time::{Interval, Span, Timestamp};

/// A window relative to the leading edge.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TimeWindow {
    /// The last `size` before the leading edge.
    Sliding {
        /// How long it is.
        size: Span,
        /// How far it is shifted: zero or negative.
        offset: Span,
    },
    /// Everything since the view's `lifetime_start_time`.
    Lifetime,
    /// Windows one after the other, oldest first.
    Series {
        /// Where the first one begins: negative.
        start: Span,
        /// Where the last one ends at the latest: zero or negative.
        end: Span,
        /// From the beginning of one to that of the next.
        step: Span,
        /// How long each is.
        size: Span,
    },
}

/// What is wrong with a window.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct WindowError(pub String);

/// Windows that a series may have.
const SERIES_MAX: i64 = 1000;

impl TimeWindow {
    /// Checks it against the aggregation interval, of which every part is a multiple.
    pub fn check(&self, interval: Span) -> Result<(), WindowError> {
        let multiple = |what: &str, span: Span| {
            if span.is_multiple_of(interval) {
                return Ok(());
            }
            let micros = interval.micros();
            let below = span.micros().div_euclid(micros).saturating_mul(micros);
            let near = [below, below.saturating_add(micros)]
                .map(Span::from_micros)
                .into_iter()
                .filter(|near| *near != Span::ZERO)
                .map(|near| format!("`{near}`"))
                .collect::<Vec<_>>();
            Err(WindowError(format!(
                "{what} `{span}` is no multiple of the aggregation interval `{interval}`; {} would do",
                near.join(" or ")
            )))
        };
        let error = |text: String| Err(WindowError(text));
        match *self {
            Self::Lifetime => Ok(()),
            Self::Sliding { size, offset } => {
                if size <= Span::ZERO {
                    return error(format!("the window `{size}` should be longer than nothing"));
                }
                if offset > Span::ZERO {
                    return error(format!(
                        "the offset `{offset}` should be zero or negative: it shifts the window back"
                    ));
                }
                multiple("the window", size)?;
                multiple("the offset", offset)
            }
            Self::Series { start, end, step, size } => {
                if size <= Span::ZERO || step <= Span::ZERO {
                    return error("`size` and `step_size` of a series should be longer than nothing".to_owned());
                }
                if start >= end || end > Span::ZERO {
                    return error(format!(
                        "a series goes from its start to its end, which is zero or negative; `{start}` to `{end}` does not"
                    ));
                }
                for (what, span) in [
                    ("`series_start`", start),
                    ("`series_end`", end),
                    ("`step_size`", step),
                    ("`size`", size),
                ] {
                    multiple(what, span)?;
                }
                match self.windows() {
                    0 => error(format!(
                        "a window of `{size}` does not fit between `{start}` and `{end}`"
                    )),
                    1..=SERIES_MAX => Ok(()),
                    windows => error(format!("a series has {windows} windows; {SERIES_MAX} is the most")),
                }
            }
        }
    }

    /// How many windows it has.
    pub fn windows(&self) -> i64 {
        match *self {
            Self::Sliding { .. } | Self::Lifetime => 1,
            Self::Series { start, end, step, size } => {
                let room = i128::from(end.micros()) - i128::from(start.micros()) - i128::from(size.micros());
                if room < 0 || step <= Span::ZERO {
                    return 0;
                }
                i64::try_from(room / i128::from(step.micros()) + 1).unwrap_or(i64::MAX)
            }
        }
    }

    /// The windows at a leading edge, oldest first. `lifetime_start` is where lifetime windows begin.
    pub fn at(&self, edge: Timestamp, lifetime_start: Timestamp) -> impl Iterator<Item = Interval> + use<> {
        let window = *self;
        (0..self.windows()).map(move |index| match window {
            Self::Lifetime => Interval {
                start: lifetime_start.min(edge),
                end: edge,
            },
            Self::Sliding { size, offset } => {
                let end = edge.saturating_add(offset);
                Interval {
                    start: end.saturating_sub(size),
                    end,
                }
            }
            Self::Series { start, step, size, .. } => {
                let start = edge
                    .saturating_add(start)
                    .saturating_add(Span::from_micros(step.micros().saturating_mul(index)));
                Interval {
                    start,
                    end: start.saturating_add(size),
                }
            }
        })
    }

    /// How far before the leading edge its rows begin; none for lifetime windows.
    pub fn reach(&self) -> Option<Span> {
        match *self {
            Self::Lifetime => None,
            Self::Sliding { size, offset } => Some(Span::from_micros(size.micros().saturating_sub(offset.micros()))),
            Self::Series { start, .. } => Some(Span::from_micros(start.micros().saturating_neg())),
        }
    }

    /// As a part of a feature's name: `7d_1d` and `lifetime_1d` as Tecton has them (docs.tecton.ai, `Aggregation`: "e.g.
    /// transaction_count_7d_1d"); offsets and series, whose names it does not document, after them: `7d_1d_offset_1d`.
    pub fn label(&self, interval: Span) -> String {
        match self {
            Self::Lifetime => format!("lifetime_{interval}"),
            Self::Sliding { size, offset } if *offset == Span::ZERO => format!("{size}_{interval}"),
            Self::Sliding { size, offset } => {
                format!("{size}_{interval}_offset_{}", Span::from_micros(-offset.micros()))
            }
            Self::Series { start, end, step, size } => {
                let back = |span: &Span| Span::from_micros(-span.micros());
                format!("{size}_series_{}_{}_step_{step}_{interval}", back(start), back(end))
            }
        }
    }

    /// As a part of the name of a list of secondary keys, which do not depend on tiles: `7d`, `7d_offset_1d`, `lifetime`.
    pub fn short_label(&self) -> String {
        match self {
            Self::Lifetime => "lifetime".to_owned(),
            Self::Sliding { size, offset } if *offset == Span::ZERO => size.to_string(),
            Self::Sliding { size, offset } => format!("{size}_offset_{}", Span::from_micros(-offset.micros())),
            Self::Series { size, .. } => format!("{size}_series"),
        }
    }

    /// Whether it is several windows, of which each has a value.
    pub fn is_series(&self) -> bool {
        matches!(self, Self::Series { .. })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn span(text: &str) -> Span {
        text.parse().expect("a length of time")
    }

    fn sliding(size: &str, offset: &str) -> TimeWindow {
        TimeWindow::Sliding {
            size: span(size),
            offset: span(offset),
        }
    }

    fn series(start: &str, end: &str, step: &str, size: &str) -> TimeWindow {
        let [start, end, step, size] = [start, end, step, size].map(span);
        TimeWindow::Series { start, end, step, size }
    }

    /// The table: a window, and its intervals with the leading edge at 2024-03-10, lifetimes from 2024-01-01.
    #[test]
    fn windows_at_a_leading_edge() {
        for (window, intervals) in [
            (sliding("7d", "0s"), &[("2024-03-03", "2024-03-10")][..]),
            (sliding("1d", "0s"), &[("2024-03-09", "2024-03-10")]),
            (sliding("7d", "-1d"), &[("2024-03-02", "2024-03-09")]),
            (TimeWindow::Lifetime, &[("2024-01-01", "2024-03-10")]),
            (
                series("-3d", "0s", "1d", "1d"),
                &[
                    ("2024-03-07", "2024-03-08"),
                    ("2024-03-08", "2024-03-09"),
                    ("2024-03-09", "2024-03-10"),
                ],
            ),
            // Windows longer than the step overlap; none ends after the series' end.
            (
                series("-5d", "-1d", "1d", "3d"),
                &[("2024-03-05", "2024-03-08"), ("2024-03-06", "2024-03-09")],
            ),
            // A step longer than the windows leaves gaps.
            (
                series("-5d", "0s", "3d", "2d"),
                &[("2024-03-05", "2024-03-07"), ("2024-03-08", "2024-03-10")],
            ),
        ] {
            let time = |text: &str| text.parse::<Timestamp>().expect("a time");
            let found: Vec<Interval> = window.at(time("2024-03-10"), time("2024-01-01")).collect();
            let expected: Vec<Interval> = intervals
                .iter()
                .map(|(start, end)| Interval {
                    start: time(start),
                    end: time(end),
                })
                .collect();
            assert_eq!(found, expected, "{window:?}");
            let first = found.first().expect("at least one window").start;
            if let Some(reach) = window.reach() {
                assert_eq!(time("2024-03-10").saturating_sub(reach), first, "{window:?}");
            }
        }
    }

    #[test]
    fn a_lifetime_that_has_not_begun_is_empty() {
        let (edge, start) = (Timestamp::from_micros(5), Timestamp::from_micros(7));
        let window = TimeWindow::Lifetime.at(edge, start).next().expect("one window");
        assert!(window.is_empty());
    }

    #[test]
    fn what_does_not_fit_is_told() {
        for (window, message) in [
            (
                sliding("36h", "0s"),
                "the window `1d12h` is no multiple of the aggregation interval `1d`; `1d` or `2d` would do",
            ),
            (
                sliding("12h", "0s"),
                "the window `12h` is no multiple of the aggregation interval `1d`; `1d` would do",
            ),
            (sliding("0s", "0s"), "the window `0s` should be longer than nothing"),
            (
                sliding("1d", "1d"),
                "the offset `1d` should be zero or negative: it shifts the window back",
            ),
            (
                sliding("1d", "-36h"),
                "the offset `-1d12h` is no multiple of the aggregation interval `1d`; `-2d` or `-1d` would do",
            ),
            (
                series("-1d", "-2d", "1d", "1d"),
                "a series goes from its start to its end, which is zero or negative; `-1d` to `-2d` does not",
            ),
            (
                series("-2d", "0s", "1d", "3d"),
                "a window of `3d` does not fit between `-2d` and `0s`",
            ),
            (
                series("-2000d", "0s", "1d", "1d"),
                "a series has 2000 windows; 1000 is the most",
            ),
        ] {
            assert_eq!(window.check(Span::DAY).expect_err("refused").to_string(), message);
        }
        for window in [
            sliding("7d", "-1d"),
            series("-7d", "0s", "1d", "2d"),
            TimeWindow::Lifetime,
        ] {
            assert_eq!(window.check(Span::DAY), Ok(()));
        }
    }

    #[test]
    fn names() {
        for (window, label) in [
            (sliding("7d", "0s"), "7d_1d"),
            (sliding("7d", "-1d"), "7d_1d_offset_1d"),
            (TimeWindow::Lifetime, "lifetime_1d"),
            (series("-7d", "0s", "1d", "2d"), "2d_series_7d_0s_step_1d_1d"),
        ] {
            assert_eq!(window.label(Span::DAY), label);
        }
        assert_eq!(sliding("7d", "0s").short_label(), "7d");
        assert_eq!(sliding("7d", "-1d").short_label(), "7d_offset_1d");
        assert_eq!(TimeWindow::Lifetime.short_label(), "lifetime");
    }
}
