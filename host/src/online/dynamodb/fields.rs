//! Attributes of DynamoDB's items, made and read.

use std::collections::HashMap;

use aws_sdk_dynamodb::primitives::Blob;
use aws_sdk_dynamodb::types::AttributeValue;

/// An item, or a part of one, or the values of an expression.
pub(super) type Fields = HashMap<String, AttributeValue>;

pub(super) fn number(number: impl ToString) -> AttributeValue {
    AttributeValue::N(number.to_string())
}

pub(super) fn text(text: impl Into<String>) -> AttributeValue {
    AttributeValue::S(text.into())
}

pub(super) fn bytes(bytes: impl Into<Vec<u8>>) -> AttributeValue {
    AttributeValue::B(Blob::new(bytes))
}

/// Fields by name.
pub(super) fn fields<const N: usize>(fields: [(&str, AttributeValue); N]) -> Fields {
    fields
        .into_iter()
        .map(|(name, value)| (name.to_owned(), value))
        .collect()
}

/// A number of a type; none if it is not there or no such number.
pub(super) fn number_of<T: std::str::FromStr>(fields: &Fields, name: &str) -> Option<T> {
    fields.get(name)?.as_n().ok()?.parse().ok()
}

pub(super) fn text_of<'a>(fields: &'a Fields, name: &str) -> Option<&'a str> {
    Some(fields.get(name)?.as_s().ok()?)
}

pub(super) fn bytes_of<'a>(fields: &'a Fields, name: &str) -> Option<&'a [u8]> {
    Some(fields.get(name)?.as_b().ok()?.as_ref())
}

pub(super) fn boolean_of(fields: &Fields, name: &str) -> Option<bool> {
    fields.get(name)?.as_bool().ok().copied()
}

/// The bytes of an item that the service charges for: names and values.
pub(super) fn bytes_in(fields: &Fields) -> u64 {
    let value = |value: &AttributeValue| match value {
        AttributeValue::B(bytes) => bytes.as_ref().len(),
        AttributeValue::S(text) => text.len(),
        // Two digits a byte, and one more.
        AttributeValue::N(number) => number.len() / 2 + 1,
        _ => 1,
    };
    fields.iter().map(|(name, of)| (name.len() + value(of)) as u64).sum()
}
