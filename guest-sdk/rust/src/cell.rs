use arrow_array::ArrayRef;

use crate::builder::ColumnBuilder;
use crate::error::Result;
use crate::key::Key;

/// What one cell of a row holds, whatever Rust type it was written as.
#[doc(hidden)]
#[derive(Debug, Clone, Copy)]
pub enum CellValue<'a> {
    Null,
    Boolean(bool),
    /// For every kind of whole number that it fits in, and times and lengths of time.
    Int64(i64),
    /// As `Int64`, beyond its range.
    Whole(i128),
    Float32(f32),
    Float64(f64),
    Utf8(&'a str),
    Bytes(&'a [u8]),
    /// An array of one row, for what is nested.
    One(&'a ArrayRef),
}

/// A value that goes into a column of a row: numbers (times and lengths of time are `i64` microseconds, dates `i32` days,
/// decimals `i128`), `bool`, text, bytes, a [`Key`], an [`ArrayRef`] of one row for what is nested, and `Option`s of them.
pub trait Cell {
    #[doc(hidden)]
    fn value(&self) -> CellValue<'_>;
}

macro_rules! cells {
    ($($type:ty: |$cell:ident| $value:expr;)*) => {
        $(impl Cell for $type {
            #[inline]
            fn value(&self) -> CellValue<'_> {
                let $cell = self;
                $value
            }
        })*
    };
}

cells! {
    bool: |cell| CellValue::Boolean(*cell);
    i8: |cell| CellValue::Int64(i64::from(*cell));
    i16: |cell| CellValue::Int64(i64::from(*cell));
    i32: |cell| CellValue::Int64(i64::from(*cell));
    i64: |cell| CellValue::Int64(*cell);
    i128: |cell| CellValue::Whole(*cell);
    u8: |cell| CellValue::Int64(i64::from(*cell));
    u16: |cell| CellValue::Int64(i64::from(*cell));
    u32: |cell| CellValue::Int64(i64::from(*cell));
    u64: |cell| CellValue::Whole(i128::from(*cell));
    usize: |cell| i64::try_from(*cell).map_or(CellValue::Whole(*cell as i128), CellValue::Int64);
    f32: |cell| CellValue::Float32(*cell);
    f64: |cell| CellValue::Float64(*cell);
    str: |cell| CellValue::Utf8(cell);
    String: |cell| CellValue::Utf8(cell);
    [u8]: |cell| CellValue::Bytes(cell);
    Vec<u8>: |cell| CellValue::Bytes(cell);
    ArrayRef: |cell| CellValue::One(cell);
    Key<'_>: |cell| match *cell {
        Key::Boolean(value) => CellValue::Boolean(value),
        Key::Int64(value) | Key::Timestamp(value) => CellValue::Int64(value),
        Key::Date32(value) => CellValue::Int64(i64::from(value)),
        Key::Utf8(value) => CellValue::Utf8(value),
    };
}

impl<const LENGTH: usize> Cell for [u8; LENGTH] {
    fn value(&self) -> CellValue<'_> {
        CellValue::Bytes(self)
    }
}

impl<C: Cell + ?Sized> Cell for &C {
    #[inline]
    fn value(&self) -> CellValue<'_> {
        (**self).value()
    }
}

impl<C: Cell> Cell for Option<C> {
    #[inline]
    fn value(&self) -> CellValue<'_> {
        self.as_ref().map_or(CellValue::Null, Cell::value)
    }
}

/// A row: a tuple of up to 16 [`Cell`]s in the order of the output's columns, or a slice `&[&dyn Cell]` of any number.
pub trait Row {
    #[doc(hidden)]
    fn length(&self) -> usize;

    /// Gives each cell to its column; there are as many columns as cells.
    #[doc(hidden)]
    fn append_to(&self, columns: &mut [ColumnBuilder]) -> Result<()>;
}

impl Row for &[&dyn Cell] {
    fn length(&self) -> usize {
        self.len()
    }

    fn append_to(&self, columns: &mut [ColumnBuilder]) -> Result<()> {
        let mut cells = self.iter().zip(columns);
        cells.try_for_each(|(cell, column)| column.append(cell.value()))
    }
}

macro_rules! tuples {
    ($($first:ident $($name:ident)*;)*) => {
        $(impl<$first: Cell, $($name: Cell),*> Row for ($first, $($name,)*) {
            fn length(&self) -> usize {
                1 $(+ { let _ = stringify!($name); 1 })*
            }

            #[expect(non_snake_case, reason = "a variable for each type")]
            #[inline]
            fn append_to(&self, columns: &mut [ColumnBuilder]) -> Result<()> {
                let ($first, $($name,)*) = self;
                let mut columns = columns.iter_mut();
                if let Some(column) = columns.next() {
                    column.append($first.value())?;
                }
                $(if let Some(column) = columns.next() {
                    column.append($name.value())?;
                })*
                Ok(())
            }
        })*
    };
}

tuples! {
    A;
    A B;
    A B C;
    A B C D;
    A B C D E;
    A B C D E F;
    A B C D E F G;
    A B C D E F G H;
    A B C D E F G H I;
    A B C D E F G H I J;
    A B C D E F G H I J K;
    A B C D E F G H I J K L;
    A B C D E F G H I J K L M;
    A B C D E F G H I J K L M N;
    A B C D E F G H I J K L M N O;
    A B C D E F G H I J K L M N O P;
}
