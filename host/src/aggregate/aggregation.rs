use std::sync::Arc;

use arrow::array::ArrayRef;
use arrow::datatypes::{DataType, Field};
use arrow::error::ArrowError;

use super::buckets::Buckets;
use super::class::{Class, Total};
use super::codec::corrupt;
use super::count::Count;
use super::distinct::Distinct;
use super::error::StateError;
use super::extreme::Extreme;
use super::function::{Function, StateKind};
use super::histogram::Histogram;
use super::moments::Moments;
use super::ordered::{Every, Ordered};
use super::registers::Registers;
use super::states::{Aggregator, Finalized, Grouped, States};
use super::sum::Sum;
use super::top::Top;
use super::unique::Unique;

/// States without groups of an aggregator of numbers of the type `$value` of an aggregation.
macro_rules! of_numbers {
    ($of:expr, $value:ident => $aggregator:expr) => {
        match $of.class {
            Class::Int => {
                type $value = i64;
                $of.grouped($aggregator)
            }
            Class::Float => {
                type $value = Total;
                $of.grouped($aggregator)
            }
            Class::Decimal => {
                type $value = i128;
                $of.grouped($aggregator)
            }
            Class::Bytes => unreachable!("`new` refuses what is not a number"),
        }
    };
}

/// States without groups of an aggregator of values of the type `$value` of an aggregation.
macro_rules! of_values {
    ($of:expr, $value:ident => $aggregator:expr) => {
        match $of.class {
            Class::Bytes => {
                type $value = Box<[u8]>;
                $of.grouped($aggregator)
            }
            _ => of_numbers!($of, $value => $aggregator),
        }
    };
}

/// A function over a column of a type that it takes.
#[derive(Debug, Clone, PartialEq)]
pub struct Aggregation {
    function: Function,
    input: DataType,
    class: Class,
    result: DataType,
}

/// A function does not take a column's type.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{function}` takes {takes}, not {found}")]
pub struct Refused {
    /// As definitions write it.
    pub function: String,
    /// The types that it takes.
    pub takes: &'static str,
    /// The column's type.
    pub found: String,
}

/// What types are to a function.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Sort {
    Number,
    Ordered,
    Flat,
    Nested,
}

impl Sort {
    fn of(data_type: &DataType) -> Self {
        match data_type {
            DataType::Int8 | DataType::Int16 | DataType::Int32 | DataType::Int64 => Self::Number,
            DataType::UInt8 | DataType::UInt16 | DataType::UInt32 => Self::Number,
            DataType::Float32 | DataType::Float64 | DataType::Decimal128(..) => Self::Number,
            DataType::Utf8 | DataType::Date32 | DataType::Timestamp(..) => Self::Ordered,
            DataType::Boolean | DataType::Binary => Self::Flat,
            _ => Self::Nested,
        }
    }
}

impl Aggregation {
    /// Binds a function to the type of a column, if it takes that.
    pub fn new(function: Function, input: &DataType) -> Result<Self, Refused> {
        let sort = Sort::of(input);
        let (takes, fits) = match function {
            Function::Count => ("any type", true),
            Function::Last | Function::FirstN(_) | Function::LastN(_) => ("any type but maps", true),
            Function::Sum | Function::Mean | Function::Skew | Function::Kurtosis => ("numbers", sort == Sort::Number),
            Function::VarPop | Function::VarSamp | Function::StddevPop | Function::StddevSamp => {
                ("numbers", sort == Sort::Number)
            }
            Function::ApproxPercentile(_) => ("numbers", sort == Sort::Number),
            Function::Min | Function::Max | Function::TopK(_) | Function::BottomK(_) => (
                "numbers, utf8, dates and timestamps",
                matches!(sort, Sort::Number | Sort::Ordered),
            ),
            Function::FirstDistinct(_)
            | Function::LastDistinct(_)
            | Function::ApproxCountDistinct(_)
            | Function::UniqueCount => ("any type but lists, structs and maps", sort != Sort::Nested),
            Function::Histogram(_) => ("utf8", *input == DataType::Utf8),
        };
        let class = match function {
            // Only nulls are looked at.
            Function::Count => Some(Class::of(input).unwrap_or(Class::Bytes)),
            _ => Class::of(input),
        };
        let found = || sandglass_runtime::kind_name(input);
        let (Some(class), true) = (class, fits) else {
            return Err(Refused {
                function: function.to_string(),
                takes,
                found: found(),
            });
        };
        Ok(Self {
            result: result_type(&function, input),
            function,
            input: input.clone(),
            class,
        })
    }

    /// The function.
    pub fn function(&self) -> &Function {
        &self.function
    }

    /// The column's type.
    pub fn input(&self) -> &DataType {
        &self.input
    }

    /// The type of what it comes to.
    pub fn result(&self) -> &DataType {
        &self.result
    }

    /// A column in the form that [`States::update`] takes.
    pub fn prepare(&self, column: &ArrayRef) -> Result<ArrayRef, ArrowError> {
        if self.function == Function::Count {
            return Ok(Arc::clone(column));
        }
        self.class.prepare(column)
    }

    /// States without groups.
    pub fn states(&self) -> Box<dyn States> {
        let prepared = self.class.data_type(&self.input);
        let kind = self.function.state();
        match kind {
            StateKind::Count => self.grouped(Count),
            StateKind::Sum => of_numbers!(self, V => Sum::<V>::new(prepared)),
            StateKind::Min => of_values!(self, V => Extreme::<V, false>::new(prepared)),
            StateKind::Max => of_values!(self, V => Extreme::<V, true>::new(prepared)),
            StateKind::Moments2 => of_numbers!(self, V => Moments::<V, 2>::new(prepared)),
            StateKind::Moments4 => of_numbers!(self, V => Moments::<V, 4>::new(prepared)),
            StateKind::First(n) => of_values!(self, V => Ordered::<V, Every>::first(kind, n, prepared)),
            StateKind::Last(n) => of_values!(self, V => Ordered::<V, Every>::last(kind, n, prepared)),
            StateKind::FirstDistinct(n) => of_values!(self, V => Distinct::<V>::first(kind, n, prepared)),
            StateKind::LastDistinct(n) => of_values!(self, V => Distinct::<V>::last(kind, n, prepared)),
            StateKind::Registers(precision) => of_values!(self, V => Registers::<V>::new(precision)),
            StateKind::Buckets(precision) => of_numbers!(self, V => Buckets::<V>::new(precision, &prepared)),
            StateKind::Unique => of_values!(self, V => Unique::<V>::new()),
            StateKind::Top(k) => of_values!(self, V => Top::<V, true>::new(k, prepared)),
            StateKind::Bottom(k) => of_values!(self, V => Top::<V, false>::new(k, prepared)),
            StateKind::Histogram => self.grouped(Histogram),
        }
    }

    fn grouped(&self, aggregator: impl Aggregator) -> Box<dyn States> {
        Box::new(Grouped::new(aggregator, self.input.clone()))
    }

    /// What states of this aggregation come to, in the result's type.
    pub fn finalize(&self, states: &dyn States) -> Result<Finalized, StateError> {
        let Finalized { values, overflows } = states.finalize(&self.function)?;
        let values = self
            .class
            .restore(&values, &self.result)
            .map_err(|error| corrupt(self.function.state(), &error.to_string()))?;
        Ok(Finalized { values, overflows })
    }
}

/// Whole numbers come out as int64 and floats as float64, whatever their width, but for values that are handed out as they were.
fn result_type(function: &Function, input: &DataType) -> DataType {
    let wide = match Class::of(input) {
        Some(Class::Int) if Sort::of(input) == Sort::Number => DataType::Int64,
        Some(Class::Float) => DataType::Float64,
        _ => input.clone(),
    };
    let list = |item: DataType| DataType::List(Arc::new(Field::new("element", item, true)));
    match function {
        Function::Count | Function::ApproxCountDistinct(_) | Function::UniqueCount => DataType::Int64,
        Function::Sum => match input {
            DataType::Decimal128(_, scale) => DataType::Decimal128(38, *scale),
            _ => wide,
        },
        Function::Mean
        | Function::VarPop
        | Function::VarSamp
        | Function::StddevPop
        | Function::StddevSamp
        | Function::Skew
        | Function::Kurtosis
        | Function::ApproxPercentile(_) => DataType::Float64,
        Function::Min | Function::Max => wide,
        Function::Last => input.clone(),
        Function::FirstN(_) | Function::LastN(_) | Function::FirstDistinct(_) | Function::LastDistinct(_) => {
            list(input.clone())
        }
        Function::TopK(_) | Function::BottomK(_) => list(wide),
        Function::Histogram(_) => DataType::Map(
            Arc::new(Field::new(
                "key_value",
                DataType::Struct(
                    vec![
                        Field::new("key", DataType::Utf8, false),
                        Field::new("value", DataType::Int64, true),
                    ]
                    .into(),
                ),
                false,
            )),
            true,
        ),
    }
}
