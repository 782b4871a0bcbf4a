use std::sync::Arc;

use arrow_schema::{Schema, SchemaRef};

use crate::column::Column;

/// What a transformation reads: a name, columns, and for the keyed scope the columns that make the key.
#[derive(Debug, Clone, PartialEq)]
pub struct Input {
    pub(crate) name: String,
    pub(crate) columns: SchemaRef,
    pub(crate) keys: Vec<String>,
}

impl Input {
    /// An input with these columns. A view's source goes to the input of its name, or by `input = "…"`.
    pub fn new(name: &str, columns: impl IntoIterator<Item = Column>) -> Self {
        let fields: Vec<_> = columns.into_iter().map(|column| column.0).collect();
        Self {
            name: name.to_owned(),
            columns: Arc::new(Schema::new(fields)),
            keys: Vec::new(),
        }
    }

    /// The columns that make the key.
    pub fn keys<'a>(mut self, keys: impl IntoIterator<Item = &'a str>) -> Self {
        self.keys = keys.into_iter().map(str::to_owned).collect();
        self
    }
}

/// The value of a parameter.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// True or false.
    Boolean(bool),
    /// A whole number.
    Int64(i64),
    /// A number.
    Float64(f64),
    /// Text.
    Utf8(String),
    /// Microseconds since 1970, UTC.
    Timestamp(i64),
    /// Microseconds.
    Duration(i64),
}

impl Value {
    pub(crate) fn kind_name(&self) -> &'static str {
        match self {
            Self::Boolean(_) => "boolean",
            Self::Int64(_) => "int64",
            Self::Float64(_) => "float64",
            Self::Utf8(_) => "utf8",
            Self::Timestamp(_) => "timestamp",
            Self::Duration(_) => "duration",
        }
    }
}

impl From<bool> for Value {
    fn from(value: bool) -> Self {
        Self::Boolean(value)
    }
}
impl From<i32> for Value {
    fn from(value: i32) -> Self {
        Self::Int64(i64::from(value))
    }
}
impl From<i64> for Value {
    fn from(value: i64) -> Self {
        Self::Int64(value)
    }
}
impl From<f64> for Value {
    fn from(value: f64) -> Self {
        Self::Float64(value)
    }
}
impl From<String> for Value {
    fn from(value: String) -> Self {
        Self::Utf8(value)
    }
}
impl From<&str> for Value {
    fn from(value: &str) -> Self {
        Self::Utf8(value.to_owned())
    }
}

/// The contract's `enum value-kind`.
#[repr(u8)]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ValueKind {
    Boolean,
    Int64,
    Float64,
    Utf8,
    Timestamp,
    Duration,
}

impl ValueKind {
    /// The value as one of this kind: times and lengths of time are written as whole numbers.
    pub(crate) fn of(self, value: Value) -> Value {
        match (self, value) {
            (Self::Timestamp, Value::Int64(micros)) => Value::Timestamp(micros),
            (Self::Duration, Value::Int64(micros)) => Value::Duration(micros),
            (_, value) => value,
        }
    }
}

/// A parameter: declared here, given by the feature view. Without a default it must be given.
#[derive(Debug, Clone, PartialEq)]
pub struct Parameter {
    pub(crate) name: String,
    pub(crate) kind: ValueKind,
    pub(crate) default: Option<Value>,
    pub(crate) doc: String,
}

macro_rules! parameters {
    ($($(#[$doc:meta])* $name:ident => $kind:ident;)*) => {
        impl Parameter {
            $($(#[$doc])*
            pub fn $name(name: &str) -> Self {
                Self { name: name.to_owned(), kind: ValueKind::$kind, default: None, doc: String::new() }
            })*
        }
    };
}

parameters! {
    /// A parameter that is true or false.
    boolean => Boolean;
    /// A parameter that is a whole number.
    int64 => Int64;
    /// A parameter that is a number.
    float64 => Float64;
    /// A parameter that is text.
    utf8 => Utf8;
    /// A parameter that is a time.
    timestamp => Timestamp;
    /// A parameter that is a length of time.
    duration => Duration;
}

impl Parameter {
    /// Its value where a view gives none. Of times and lengths of time: microseconds.
    pub fn default(mut self, value: impl Into<Value>) -> Self {
        self.default = Some(self.kind.of(value.into()));
        self
    }

    /// What it does.
    pub fn doc(mut self, doc: &str) -> Self {
        self.doc = doc.to_owned();
        self
    }
}
