//! Columns of inputs and outputs: a name and a kind.
//!
//! ```
//! use sandglass_guest::column;
//! let amount = column::float64("amount").nullable();
//! ```

use std::sync::Arc;

use arrow_schema::{DataType, Field, Fields, TimeUnit};

/// A column; not nullable unless it is said.
#[derive(Debug, Clone, PartialEq)]
pub struct Column(pub(crate) Field);

impl Column {
    /// The column may hold nulls.
    pub fn nullable(self) -> Self {
        Self(self.0.with_nullable(true))
    }

    /// The column as Arrow has it.
    pub fn into_field(self) -> Field {
        self.0
    }
}

/// A column of an Arrow type that the contract knows.
pub fn of(name: &str, data_type: DataType) -> Column {
    Column(Field::new(name, data_type, false))
}

macro_rules! kinds {
    ($($(#[$doc:meta])* $name:ident => $data_type:expr;)*) => {
        $($(#[$doc])* pub fn $name(name: &str) -> Column { of(name, $data_type) })*
    };
}

kinds! {
    /// True or false: [`BooleanArray`](arrow_array::BooleanArray).
    boolean => DataType::Boolean;
    /// 8-bit whole numbers.
    int8 => DataType::Int8;
    /// 16-bit whole numbers.
    int16 => DataType::Int16;
    /// 32-bit whole numbers.
    int32 => DataType::Int32;
    /// 64-bit whole numbers: [`Int64Array`](arrow_array::Int64Array).
    int64 => DataType::Int64;
    /// 8-bit whole numbers without sign; kept as int16.
    uint8 => DataType::UInt8;
    /// 16-bit whole numbers without sign; kept as int32.
    uint16 => DataType::UInt16;
    /// 32-bit whole numbers without sign; kept as int64.
    uint32 => DataType::UInt32;
    /// 64-bit whole numbers without sign; for inputs only.
    uint64 => DataType::UInt64;
    /// 32-bit floats.
    float32 => DataType::Float32;
    /// 64-bit floats: [`Float64Array`](arrow_array::Float64Array).
    float64 => DataType::Float64;
    /// Text: [`StringArray`](arrow_array::StringArray).
    utf8 => DataType::Utf8;
    /// Bytes.
    binary => DataType::Binary;
    /// Days since 1970.
    date32 => DataType::Date32;
    /// Microseconds since 1970, UTC: [`TimestampMicrosecondArray`](arrow_array::TimestampMicrosecondArray).
    timestamp => DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into()));
    /// Microseconds; for inputs only.
    duration => DataType::Duration(TimeUnit::Microsecond);
}

/// Decimals of up to 38 digits.
pub fn decimal128(name: &str, precision: u8, scale: i8) -> Column {
    of(name, DataType::Decimal128(precision, scale))
}

/// Bytes of one length.
pub fn fixed_size_binary(name: &str, width: i32) -> Column {
    of(name, DataType::FixedSizeBinary(width))
}

/// Lists of `item`.
pub fn list(name: &str, item: Column) -> Column {
    of(name, DataType::List(Arc::new(item.0)))
}

/// Lists of one length, of `item`; for inputs only.
pub fn fixed_size_list(name: &str, item: Column, size: i32) -> Column {
    of(name, DataType::FixedSizeList(Arc::new(item.0), size))
}

/// Structs of these fields.
pub fn structure(name: &str, fields: impl IntoIterator<Item = Column>) -> Column {
    of(
        name,
        DataType::Struct(fields.into_iter().map(|field| field.0).collect::<Fields>()),
    )
}

/// Maps; keys are never null.
pub fn map(name: &str, keys: Column, values: Column) -> Column {
    let fields = vec![
        keys.0.with_name("keys").with_nullable(false),
        values.0.with_name("values"),
    ];
    let entries = Field::new("entries", DataType::Struct(fields.into()), false);
    of(name, DataType::Map(Arc::new(entries), false))
}
