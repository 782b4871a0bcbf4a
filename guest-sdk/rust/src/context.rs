use crate::contract::Value;
use crate::error::{Error, Result};

/// `[start, end)` in microseconds since 1970, UTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Interval {
    /// The first microsecond inside.
    pub start: i64,
    /// The first microsecond outside.
    pub end: i64,
}

/// Why a run is made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// To make the rows of this interval.
    Materialize(Interval),
    /// For rows as they arrive.
    Streaming,
    /// For one request at this time.
    Request(i64),
}

/// The materialization context.
#[derive(Debug, Clone, PartialEq)]
pub struct Context {
    pub(crate) mode: Mode,
    pub(crate) ranges: Vec<Option<Interval>>,
    pub(crate) parameters: Vec<(String, Value)>,
    pub(crate) lineage: bool,
    pub(crate) properties: Vec<(String, String)>,
}

impl Interval {
    /// Whether it holds the time.
    pub fn contains(&self, micros: i64) -> bool {
        (self.start..self.end).contains(&micros)
    }
}

impl Context {
    /// Why the run is made.
    pub fn mode(&self) -> Mode {
        self.mode
    }

    /// The interval whose rows are to be made; an error in any other mode.
    pub fn interval(&self) -> Result<Interval> {
        match self.mode {
            Mode::Materialize(interval) => Ok(interval),
            Mode::Streaming | Mode::Request(_) => Err(Error::new(
                "there is no interval outside of materialization",
            )),
        }
    }

    /// The time of the request that is answered, in microseconds since 1970; of a row of training data, its time. An error in any
    /// other mode.
    pub fn request_time(&self) -> Result<i64> {
        match self.mode {
            Mode::Request(at) => Ok(at),
            Mode::Materialize(_) | Mode::Streaming => {
                Err(Error::new("there is no request whose time could be told"))
            }
        }
    }

    /// The time range that an input's rows were filtered to, none if unfiltered.
    pub fn range(&self, input: usize) -> Option<Interval> {
        self.ranges.get(input).copied().flatten()
    }

    /// Whether source rows are wanted; giving them when they are not does no harm.
    pub fn lineage(&self) -> bool {
        self.lineage
    }

    /// What a host later than this SDK may tell besides.
    pub fn property(&self, name: &str) -> Option<&str> {
        let mut properties = self.properties.iter();
        properties
            .find(|(other, _)| other == name)
            .map(|(_, value)| value.as_str())
    }

    fn value(&self, name: &str) -> Result<&Value> {
        let found = self.parameters.iter().find(|(other, _)| other == name);
        found
            .map(|(_, value)| value)
            .ok_or_else(|| Error::parameter(format!("there is no parameter `{name}`")))
    }
}

macro_rules! typed {
    ($($(#[$doc:meta])* $name:ident: $variant:ident => $type:ty;)*) => {
        impl Context {
            $($(#[$doc])*
            pub fn $name(&self, name: &str) -> Result<$type> {
                match self.value(name)? {
                    Value::$variant(value) => Ok(value.clone()),
                    other => Err(Error::parameter(format!(
                        "parameter `{name}` is {}, not {}", other.kind_name(), stringify!($name)
                    ))),
                }
            })*
        }
    };
}

typed! {
    /// A parameter that is true or false.
    boolean: Boolean => bool;
    /// A parameter that is a whole number.
    int64: Int64 => i64;
    /// A parameter that is a number.
    float64: Float64 => f64;
    /// A parameter that is text.
    utf8: Utf8 => String;
    /// A parameter that is a time, in microseconds since 1970.
    timestamp: Timestamp => i64;
    /// A parameter that is a length of time, in microseconds.
    duration: Duration => i64;
}
