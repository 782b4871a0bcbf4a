use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// An aggregation function with its parameters, as definitions write it: `sum`, `last(5)`, `approx_percentile(0.5, 100)`.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub enum Function {
    /// How many values are not null.
    Count,
    /// Their sum.
    Sum,
    /// Their mean.
    Mean,
    /// The least.
    Min,
    /// The greatest.
    Max,
    /// Population variance.
    VarPop,
    /// Sample variance; null for one value.
    VarSamp,
    /// Square root of the population variance.
    StddevPop,
    /// Square root of the sample variance.
    StddevSamp,
    /// Skewness of the population.
    Skew,
    /// Excess kurtosis of the population.
    Kurtosis,
    /// The value of the last row.
    Last,
    /// The values of the first rows, in order.
    FirstN(u32),
    /// The values of the last rows, oldest first.
    LastN(u32),
    /// The first distinct values, by their first row.
    FirstDistinct(u32),
    /// The last distinct values, by their last row, oldest first.
    LastDistinct(u32),
    /// About how many distinct values; 2^precision registers.
    ApproxCountDistinct(u8),
    /// About the value at a rank.
    ApproxPercentile(Percentile),
    /// How many distinct values.
    UniqueCount,
    /// The largest values, largest first.
    TopK(u32),
    /// The smallest values, smallest first.
    BottomK(u32),
    /// How often each value is there; the most frequent ones.
    Histogram(u32),
}

/// Which percentile, and how exactly.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Percentile {
    /// From 0 to 1.
    pub rank: f64,
    /// The relative error is at most one in so many.
    pub precision: u16,
}

/// What of a function decides its state. Functions with one kind share states, whatever they make of them in the end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum StateKind {
    /// For count.
    Count,
    /// For sum and mean.
    Sum,
    /// For min.
    Min,
    /// For max.
    Max,
    /// Sums of the values and their squares: for variances.
    Moments2,
    /// Sums of the first four powers: for skew and kurtosis.
    Moments4,
    /// The first rows' values with what orders them.
    First(u32),
    /// The last rows' values with what orders them.
    Last(u32),
    /// The first distinct values.
    FirstDistinct(u32),
    /// The last distinct values.
    LastDistinct(u32),
    /// HyperLogLog registers.
    Registers(u8),
    /// Counts by buckets of values.
    Buckets(u16),
    /// A set of values.
    Unique,
    /// The largest values.
    Top(u32),
    /// The smallest values.
    Bottom(u32),
    /// Counts by value.
    Histogram,
}

/// Rows or values that a list holds, at most.
const LIST_MAX: u32 = 1000;
/// Values that a histogram shows if it is not said.
const HISTOGRAM_DEFAULT: u32 = LIST_MAX;
const REGISTERS_DEFAULT: u8 = 8;
const PRECISION_DEFAULT: u16 = 100;

/// What is wrong with a text that should be a function.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct FunctionError {
    /// In words.
    pub message: String,
    /// What to write.
    pub hint: Option<String>,
}

/// Every function with the parameters that it takes.
pub const FUNCTIONS: [(&str, &str); 22] = [
    ("count", ""),
    ("sum", ""),
    ("mean", ""),
    ("min", ""),
    ("max", ""),
    ("var_pop", ""),
    ("var_samp", ""),
    ("stddev_pop", ""),
    ("stddev_samp", ""),
    ("skew", ""),
    ("kurtosis", ""),
    ("last", ""),
    ("first", "n"),
    ("last", "n"),
    ("first_distinct", "n"),
    ("last_distinct", "n"),
    ("approx_count_distinct", "precision = 8"),
    ("approx_percentile", "percentile, precision = 100"),
    ("unique_count", ""),
    ("top_k", "k"),
    ("bottom_k", "k"),
    ("histogram", "k = 1000"),
];

impl FromStr for Function {
    type Err = FunctionError;

    fn from_str(text: &str) -> Result<Self, FunctionError> {
        let (name, arguments) = match text.trim().split_once('(') {
            None => (text.trim(), Vec::new()),
            Some((name, rest)) => {
                let inside = rest.strip_suffix(')').ok_or_else(|| FunctionError {
                    message: format!("`{text}` lacks a closing parenthesis"),
                    hint: None,
                })?;
                (name.trim(), inside.split(',').map(str::trim).collect())
            }
        };
        let known = FUNCTIONS.iter().filter(|(known, _)| *known == name);
        let shapes: Vec<String> = known.map(|(name, parameters)| shape(name, parameters)).collect();
        if shapes.is_empty() {
            return Err(unknown(name));
        }
        let arguments = Arguments {
            text,
            shapes: &shapes,
            values: &arguments,
        };
        Ok(match name {
            "count" => arguments.none(Self::Count)?,
            "sum" => arguments.none(Self::Sum)?,
            "mean" => arguments.none(Self::Mean)?,
            "min" => arguments.none(Self::Min)?,
            "max" => arguments.none(Self::Max)?,
            "var_pop" => arguments.none(Self::VarPop)?,
            "var_samp" => arguments.none(Self::VarSamp)?,
            "stddev_pop" => arguments.none(Self::StddevPop)?,
            "stddev_samp" => arguments.none(Self::StddevSamp)?,
            "skew" => arguments.none(Self::Skew)?,
            "kurtosis" => arguments.none(Self::Kurtosis)?,
            "unique_count" => arguments.none(Self::UniqueCount)?,
            "last" if arguments.values.is_empty() => Self::Last,
            "last" => Self::LastN(arguments.count("n", None)?),
            "first" => Self::FirstN(arguments.count("n", None)?),
            "first_distinct" => Self::FirstDistinct(arguments.count("n", None)?),
            "last_distinct" => Self::LastDistinct(arguments.count("n", None)?),
            "top_k" => Self::TopK(arguments.count("k", None)?),
            "bottom_k" => Self::BottomK(arguments.count("k", None)?),
            "histogram" => Self::Histogram(arguments.count("k", Some(HISTOGRAM_DEFAULT))?),
            "approx_count_distinct" => Self::ApproxCountDistinct(arguments.precision()?),
            _ => Self::ApproxPercentile(arguments.percentile()?),
        })
    }
}

fn shape(name: &str, parameters: &str) -> String {
    if parameters.is_empty() {
        name.to_owned()
    } else {
        format!("{name}({parameters})")
    }
}

fn unknown(name: &str) -> FunctionError {
    let mut names: Vec<&str> = FUNCTIONS.iter().map(|(name, _)| *name).collect();
    names.dedup();
    let nearest = names
        .iter()
        .map(|known| (strsim::damerau_levenshtein(name, known), *known))
        .min()
        .filter(|(distance, known)| *distance <= known.len() / 3);
    let hint = match (name, nearest) {
        ("avg" | "average", _) => "write `mean`".to_owned(),
        ("stddev" | "std", _) => "write `stddev_samp` or `stddev_pop`".to_owned(),
        ("variance" | "var", _) => "write `var_samp` or `var_pop`".to_owned(),
        (_, Some((_, known))) => format!("did you mean `{known}`?"),
        _ => {
            names.sort_unstable();
            names.dedup();
            format!("the functions are {}", names.join(", "))
        }
    };
    FunctionError {
        message: format!("there is no aggregation function `{name}`"),
        hint: Some(hint),
    }
}

struct Arguments<'a> {
    text: &'a str,
    shapes: &'a [String],
    values: &'a [&'a str],
}

impl Arguments<'_> {
    fn error(&self, message: String) -> FunctionError {
        let shapes: Vec<String> = self.shapes.iter().map(|shape| format!("`{shape}`")).collect();
        FunctionError {
            message: format!("`{}`: {message}", self.text),
            hint: Some(format!("write {}", shapes.join(" or "))),
        }
    }

    fn none(&self, function: Function) -> Result<Function, FunctionError> {
        if self.values.is_empty() {
            Ok(function)
        } else {
            Err(self.error("takes no parameters".to_owned()))
        }
    }

    fn count(&self, name: &str, default: Option<u32>) -> Result<u32, FunctionError> {
        match (self.values, default) {
            ([], Some(default)) => Ok(default),
            ([value], _) => value
                .parse()
                .ok()
                .filter(|n| (1..=LIST_MAX).contains(n))
                .ok_or_else(|| {
                    self.error(format!(
                        "`{name}` is a whole number from 1 to {LIST_MAX}, not `{value}`"
                    ))
                }),
            _ => Err(self.error("takes one parameter".to_owned())),
        }
    }

    fn precision(&self) -> Result<u8, FunctionError> {
        match self.values {
            [] => Ok(REGISTERS_DEFAULT),
            [value] => value
                .parse()
                .ok()
                .filter(|precision| (4..=16).contains(precision))
                .ok_or_else(|| self.error(format!("`precision` is a whole number from 4 to 16, not `{value}`"))),
            _ => Err(self.error("takes one parameter".to_owned())),
        }
    }

    fn percentile(&self) -> Result<Percentile, FunctionError> {
        let (rank, precision) = match self.values {
            [rank] => (rank, None),
            [rank, precision] => (rank, Some(precision)),
            _ => return Err(self.error("takes a percentile and perhaps a precision".to_owned())),
        };
        let precision = match precision {
            None => PRECISION_DEFAULT,
            Some(text) => text
                .parse()
                .ok()
                .filter(|precision| (20..=500).contains(precision))
                .ok_or_else(|| self.error(format!("`precision` is a whole number from 20 to 500, not `{text}`")))?,
        };
        let rank = rank
            .parse()
            .ok()
            .filter(|rank| (0.0..=1.0).contains(rank))
            .ok_or_else(|| self.error(format!("the percentile is a number from 0 to 1, not `{rank}`")))?;
        Ok(Percentile { rank, precision })
    }
}

impl Function {
    /// Its name without parameters.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Count => "count",
            Self::Sum => "sum",
            Self::Mean => "mean",
            Self::Min => "min",
            Self::Max => "max",
            Self::VarPop => "var_pop",
            Self::VarSamp => "var_samp",
            Self::StddevPop => "stddev_pop",
            Self::StddevSamp => "stddev_samp",
            Self::Skew => "skew",
            Self::Kurtosis => "kurtosis",
            Self::Last | Self::LastN(_) => "last",
            Self::FirstN(_) => "first",
            Self::FirstDistinct(_) => "first_distinct",
            Self::LastDistinct(_) => "last_distinct",
            Self::ApproxCountDistinct(_) => "approx_count_distinct",
            Self::ApproxPercentile(_) => "approx_percentile",
            Self::UniqueCount => "unique_count",
            Self::TopK(_) => "top_k",
            Self::BottomK(_) => "bottom_k",
            Self::Histogram(_) => "histogram",
        }
    }

    /// As a part of a feature's name: `last_distinct_10`, `approx_percentile_p50_100`; what defaults is left out but for lists.
    pub fn label(&self) -> String {
        let name = self.name();
        match self {
            Self::LastN(n) | Self::FirstN(n) | Self::FirstDistinct(n) | Self::LastDistinct(n) => format!("{name}_{n}"),
            Self::TopK(k) | Self::BottomK(k) => format!("{name}_{k}"),
            Self::Histogram(k) if *k != HISTOGRAM_DEFAULT => format!("{name}_{k}"),
            Self::ApproxCountDistinct(precision) if *precision != REGISTERS_DEFAULT => format!("{name}_{precision}"),
            Self::ApproxPercentile(percentile) => {
                let rank = percent(percentile.rank);
                if percentile.precision == PRECISION_DEFAULT {
                    format!("{name}_p{rank}")
                } else {
                    format!("{name}_p{rank}_{}", percentile.precision)
                }
            }
            _ => name.to_owned(),
        }
    }

    /// What decides its state.
    pub fn state(&self) -> StateKind {
        match self {
            Self::Count => StateKind::Count,
            Self::Sum | Self::Mean => StateKind::Sum,
            Self::Min => StateKind::Min,
            Self::Max => StateKind::Max,
            Self::VarPop | Self::VarSamp | Self::StddevPop | Self::StddevSamp => StateKind::Moments2,
            Self::Skew | Self::Kurtosis => StateKind::Moments4,
            Self::Last => StateKind::Last(1),
            Self::LastN(n) => StateKind::Last(*n),
            Self::FirstN(n) => StateKind::First(*n),
            Self::FirstDistinct(n) => StateKind::FirstDistinct(*n),
            Self::LastDistinct(n) => StateKind::LastDistinct(*n),
            Self::ApproxCountDistinct(precision) => StateKind::Registers(*precision),
            Self::ApproxPercentile(percentile) => StateKind::Buckets(percentile.precision),
            Self::UniqueCount => StateKind::Unique,
            Self::TopK(k) => StateKind::Top(*k),
            Self::BottomK(k) => StateKind::Bottom(*k),
            Self::Histogram(_) => StateKind::Histogram,
        }
    }
}

/// A rank in percent, without a point: 0.5 is `50`, 0.999 is `99_9`.
fn percent(rank: f64) -> String {
    // The shortest text that is read back as the rank, with its point moved by two.
    let text = format!("{rank}");
    let (whole, fraction) = text.split_once('.').unwrap_or((&text, ""));
    let digits = format!("{fraction:0<2}");
    let (percent, rest) = digits.split_at(2);
    let percent = format!("{whole}{percent}");
    let percent = match percent.trim_start_matches('0') {
        "" => "0",
        percent => percent,
    };
    if rest.is_empty() {
        percent.to_owned()
    } else {
        format!("{percent}_{rest}")
    }
}

impl fmt::Display for Function {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = self.name();
        match self {
            Self::LastN(n) | Self::FirstN(n) | Self::FirstDistinct(n) | Self::LastDistinct(n) => {
                write!(f, "{name}({n})")
            }
            Self::TopK(k) | Self::BottomK(k) | Self::Histogram(k) => write!(f, "{name}({k})"),
            Self::ApproxCountDistinct(precision) => write!(f, "{name}({precision})"),
            Self::ApproxPercentile(Percentile { rank, precision }) => write!(f, "{name}({rank}, {precision})"),
            _ => f.write_str(name),
        }
    }
}

impl TryFrom<String> for Function {
    type Error = FunctionError;

    fn try_from(text: String) -> Result<Self, FunctionError> {
        text.parse()
    }
}

impl From<Function> for String {
    fn from(function: Function) -> Self {
        function.to_string()
    }
}

impl StateKind {
    /// Whether a function can be made of this state: sums of powers have the sum and the count beside them, and a sum the count.
    pub fn serves(self, function: &Function) -> bool {
        let chain = [Self::Count, Self::Sum, Self::Moments2, Self::Moments4];
        let place = |kind| chain.iter().position(|other| *other == kind);
        let asked = function.state();
        self == asked || place(self).zip(place(asked)).is_some_and(|(own, asked)| own > asked)
    }

    /// The number that states begin with; never used for another kind.
    pub(super) fn code(self) -> u8 {
        match self {
            Self::Count => 1,
            Self::Sum => 2,
            Self::Min => 3,
            Self::Max => 4,
            Self::Moments2 => 5,
            Self::Moments4 => 6,
            Self::First(_) => 7,
            Self::Last(_) => 8,
            Self::FirstDistinct(_) => 9,
            Self::LastDistinct(_) => 10,
            Self::Registers(_) => 11,
            Self::Buckets(_) => 12,
            Self::Unique => 13,
            Self::Top(_) => 14,
            Self::Bottom(_) => 15,
            Self::Histogram => 16,
        }
    }

    /// Its parameter, if it has one.
    pub(super) fn parameter(self) -> Option<u32> {
        match self {
            Self::First(n) | Self::Last(n) | Self::FirstDistinct(n) | Self::LastDistinct(n) => Some(n),
            Self::Top(k) | Self::Bottom(k) => Some(k),
            Self::Registers(precision) => Some(u32::from(precision)),
            Self::Buckets(precision) => Some(u32::from(precision)),
            Self::Count
            | Self::Sum
            | Self::Min
            | Self::Max
            | Self::Moments2
            | Self::Moments4
            | Self::Unique
            | Self::Histogram => None,
        }
    }

    /// Whether the order of rows decides it.
    pub fn is_ordered(self) -> bool {
        matches!(
            self,
            Self::First(_) | Self::Last(_) | Self::FirstDistinct(_) | Self::LastDistinct(_)
        )
    }
}

impl fmt::Display for StateKind {
    /// As a part of a tile column's name.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Count => f.write_str("count"),
            Self::Sum => f.write_str("sum"),
            Self::Min => f.write_str("min"),
            Self::Max => f.write_str("max"),
            Self::Moments2 => f.write_str("moments2"),
            Self::Moments4 => f.write_str("moments4"),
            Self::First(n) => write!(f, "first_{n}"),
            Self::Last(n) => write!(f, "last_{n}"),
            Self::FirstDistinct(n) => write!(f, "first_distinct_{n}"),
            Self::LastDistinct(n) => write!(f, "last_distinct_{n}"),
            Self::Registers(precision) => write!(f, "registers_{precision}"),
            Self::Buckets(precision) => write!(f, "buckets_{precision}"),
            Self::Unique => f.write_str("unique"),
            Self::Top(k) => write!(f, "top_{k}"),
            Self::Bottom(k) => write!(f, "bottom_{k}"),
            Self::Histogram => f.write_str("histogram"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_function_is_read_and_written() {
        for text in [
            "count",
            "sum",
            "mean",
            "min",
            "max",
            "var_pop",
            "var_samp",
            "stddev_pop",
            "stddev_samp",
            "skew",
            "kurtosis",
            "last",
            "first(3)",
            "last(1)",
            "first_distinct(2)",
            "last_distinct(10)",
            "approx_count_distinct(8)",
            "approx_percentile(0.5, 100)",
            "unique_count",
            "top_k(300)",
            "bottom_k(2)",
            "histogram(1000)",
        ] {
            let function: Function = text.parse().expect("a function");
            assert_eq!(function.to_string(), text);
        }
        for (short, long) in [
            ("approx_count_distinct", "approx_count_distinct(8)"),
            ("approx_percentile(0.25)", "approx_percentile(0.25, 100)"),
            ("histogram", "histogram(1000)"),
            (" last( 5 ) ", "last(5)"),
        ] {
            assert_eq!(short.parse::<Function>().expect("a function").to_string(), long);
        }
    }

    #[test]
    fn labels() {
        for (text, label) in [
            ("sum", "sum"),
            ("last", "last"),
            ("last(1)", "last_1"),
            ("last_distinct(10)", "last_distinct_10"),
            ("approx_count_distinct", "approx_count_distinct"),
            ("approx_count_distinct(12)", "approx_count_distinct_12"),
            ("approx_percentile(0.5)", "approx_percentile_p50"),
            ("approx_percentile(0.05)", "approx_percentile_p5"),
            ("approx_percentile(0)", "approx_percentile_p0"),
            ("approx_percentile(1, 200)", "approx_percentile_p100_200"),
            ("approx_percentile(0.999)", "approx_percentile_p99_9"),
        ] {
            assert_eq!(text.parse::<Function>().expect("a function").label(), label);
        }
    }

    #[test]
    fn what_is_wrong_is_told() {
        for (text, message, hint) in [
            ("summ", "there is no aggregation function `summ`", "did you mean `sum`?"),
            ("avg", "there is no aggregation function `avg`", "write `mean`"),
            ("sum(1)", "`sum(1)`: takes no parameters", "write `sum`"),
            ("first", "`first`: takes one parameter", "write `first(n)`"),
            (
                "last(0)",
                "`last(0)`: `n` is a whole number from 1 to 1000, not `0`",
                "write `last` or `last(n)`",
            ),
            (
                "approx_percentile(50)",
                "`approx_percentile(50)`: the percentile is a number from 0 to 1, not `50`",
                "write `approx_percentile(percentile, precision = 100)`",
            ),
            (
                "approx_percentile(NaN)",
                "`approx_percentile(NaN)`: the percentile is a number from 0 to 1, not `NaN`",
                "write `approx_percentile(percentile, precision = 100)`",
            ),
            (
                "approx_count_distinct(17)",
                "`approx_count_distinct(17)`: `precision` is a whole number from 4 to 16, not `17`",
                "write `approx_count_distinct(precision = 8)`",
            ),
            ("last(5", "`last(5` lacks a closing parenthesis", ""),
        ] {
            let error = text.parse::<Function>().expect_err("no function");
            assert_eq!(
                (error.message.as_str(), error.hint.as_deref().unwrap_or("")),
                (message, hint)
            );
        }
    }
}
