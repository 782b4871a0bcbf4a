//! The contract's types as they lie in memory when they cross the boundary, `wit/transform.wit` one for one. Of records Rust's
//! `repr(C)` makes what the component model's canonical ABI asks, of variants `repr(C, u8)` does. A pointer is 32 bits wide in a
//! component; natively, in tests, it is wider and all else is the same.

use std::slice;

use crate::contract::ValueKind;
use crate::error::FailureKind;
use crate::transformation::Scope;

/// Items that lie elsewhere.
#[repr(C)]
#[derive(Debug)]
pub struct List<T> {
    start: *const T,
    length: usize,
}

/// Text in UTF-8.
pub type Text = List<u8>;

impl<T> Clone for List<T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for List<T> {}

impl<T> List<T> {
    /// As the host hands it in, or is told of it: so many items from there on.
    pub const fn at(start: *const T, length: usize) -> Self {
        Self { start, length }
    }

    /// These. They are to stay where they are while the list is looked at.
    pub fn of(items: &[T]) -> Self {
        Self::at(items.as_ptr(), items.len())
    }

    /// Where the items are, and how many.
    pub const fn place(self) -> (*const T, usize) {
        (self.start, self.length)
    }

    /// The items.
    ///
    /// # Safety
    /// The list is of items that are there, and stay there unchanged as long as they are looked at.
    pub unsafe fn items<'a>(self) -> &'a [T] {
        match self.length {
            0 => &[],
            // SAFETY: the caller answers for it.
            length => unsafe { slice::from_raw_parts(self.start, length) },
        }
    }
}

impl Text {
    /// Bytes that were allocated for whoever takes them, once.
    ///
    /// # Safety
    /// There are so many bytes there, from the allocator by [`Vec<u8>`]'s layout, and nobody else takes them.
    pub unsafe fn into_vec(self) -> Vec<u8> {
        match self.length {
            0 => Vec::new(),
            // SAFETY: the caller answers for it.
            length => unsafe { Vec::from_raw_parts(self.start.cast_mut(), length, length) },
        }
    }

    /// The same as text.
    ///
    /// # Safety
    /// As [`into_vec`](Self::into_vec), of bytes that are UTF-8: the component model lets nothing else in.
    pub unsafe fn into_string(self) -> String {
        // SAFETY: the caller answers for it.
        unsafe { String::from_utf8_unchecked(self.into_vec()) }
    }
}

/// `option<T>`.
#[repr(C, u8)]
#[derive(Debug, Clone, Copy)]
pub enum Maybe<T> {
    None,
    Some(T),
}

impl<T> From<Option<T>> for Maybe<T> {
    fn from(option: Option<T>) -> Self {
        option.map_or(Self::None, Self::Some)
    }
}

impl<T> From<Maybe<T>> for Option<T> {
    fn from(maybe: Maybe<T>) -> Self {
        match maybe {
            Maybe::None => None,
            Maybe::Some(value) => Some(value),
        }
    }
}

/// `record interval`.
#[repr(C)]
#[derive(Debug, Clone, Copy)]
pub struct Interval {
    pub start: i64,
    pub end: i64,
}

/// `variant kind`.
#[repr(C, u8)]
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Kind {
    Boolean,
    Int8,
    Int16,
    Int32,
    Int64,
    Uint8,
    Uint16,
    Uint32,
    Uint64,
    Float32,
    Float64,
    Decimal128(u8, i8),
    Utf8,
    Binary,
    FixedSizeBinary(u32),
    Date32,
    Timestamp,
    Duration,
    ListOf,
    FixedSizeListOf(u32),
    StructOf,
    MapOf,
}

/// `record field`.
#[repr(C)]
#[derive(Debug, Clone, Copy)]
pub(crate) struct Field {
    pub name: Text,
    pub kind: Kind,
    pub nullable: bool,
    pub children: u32,
}

/// `record node`.
#[repr(C)]
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Node {
    pub length: u32,
    pub null_count: u32,
}

/// `record batch`.
#[repr(C)]
#[derive(Debug, Clone, Copy)]
pub struct Batch {
    pub rows: u32,
    pub nodes: List<Node>,
    pub buffers: List<List<u8>>,
}

/// `variant value`.
#[repr(C, u8)]
#[derive(Debug, Clone, Copy)]
pub enum Value {
    Boolean(bool),
    Int64(i64),
    Float64(f64),
    Utf8(Text),
    Timestamp(i64),
    Duration(i64),
}

/// What a name stands for: `tuple<string, T>`.
#[repr(C)]
#[derive(Debug, Clone, Copy)]
pub struct Named<T> {
    pub name: Text,
    pub value: T,
}

/// `record parameter`.
#[repr(C)]
#[derive(Debug, Clone, Copy)]
pub(crate) struct Parameter {
    pub name: Text,
    pub kind: ValueKind,
    pub default: Maybe<Value>,
    pub doc: Text,
}

/// `record input`.
#[repr(C)]
#[derive(Debug, Clone, Copy)]
pub(crate) struct Input {
    pub name: Text,
    pub columns: List<Field>,
    pub keys: List<Text>,
}

/// `record contract`.
#[repr(C)]
#[derive(Debug, Clone, Copy)]
pub(crate) struct Contract {
    pub name: Text,
    pub doc: Text,
    pub inputs: List<Input>,
    pub output: List<Field>,
    pub scope: Scope,
    pub parameters: List<Parameter>,
    pub properties: List<Named<Text>>,
}

/// `record rejection`.
#[repr(C)]
#[derive(Debug, Clone, Copy)]
pub(crate) struct Rejection {
    pub row: u32,
    pub message: Text,
}

/// `record output`.
#[repr(C)]
#[derive(Debug, Clone, Copy)]
pub(crate) struct Output {
    pub batch: Batch,
    pub source_rows: Maybe<List<u32>>,
    pub rejected: List<Rejection>,
}

/// `record failure`.
#[repr(C)]
#[derive(Debug, Clone, Copy)]
pub struct Failure {
    pub kind: FailureKind,
    pub message: Text,
    pub input: Maybe<u32>,
    pub row: Maybe<u32>,
}
