//! Items in the form that an import reads: DynamoDB JSON, a line each.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

use super::fields::{Fields, bytes, number, text};
use super::place::{Stored, chunk_key, chunk_over};

/// Bytes of a line beside its key and value, of an item that does not expire.
const BESIDE: u64 = 55;

/// Bytes of the source of an item that has so many bytes with its key, and so many in its key.
pub(crate) fn source_bytes(key: u64, item: u64) -> u64 {
    // The stored key begins with what kind it is.
    let encoded = |bytes: u64| bytes.div_ceil(3) * 4;
    BESIDE + encoded(key + 1) + encoded(item.saturating_sub(key))
}

/// Appends the lines of an item, its chunks first, in a table of one generation, and tells how many they are.
pub(super) fn lines(stored: &Stored, out: &mut Vec<u8>) -> u64 {
    for (chunk, place_of) in stored.chunks.iter().zip(0..) {
        begin(&chunk_key(&stored.key, 0, place_of), chunk, out);
        if let Some(expires) = stored.expires {
            attribute("x", "N", &chunk_over(expires).to_string(), out);
        }
        end(out);
    }
    begin(&stored.key, &stored.body, out);
    out.extend(br#","d":{"BOOL":true}"#);
    if let Some(expires) = stored.expires {
        attribute("x", "N", &expires.to_string(), out);
    }
    if !stored.chunks.is_empty() {
        attribute("c", "N", &stored.chunks.len().to_string(), out);
        attribute("v", "N", "0", out);
    }
    end(out);
    stored.chunks.len() as u64 + 1
}

fn begin(key: &[u8], body: &[u8], out: &mut Vec<u8>) {
    out.extend(br#"{"Item":{"k":{"B":""#);
    encode(key, out);
    out.extend(br#""},"b":{"B":""#);
    encode(body, out);
    out.extend(br#""}"#);
}

fn end(out: &mut Vec<u8>) {
    out.extend(b"}}\n");
}

fn attribute(name: &str, kind: &str, value: &str, out: &mut Vec<u8>) {
    for part in [",\"", name, "\":{\"", kind, "\":\"", value, "\"}"] {
        out.extend(part.as_bytes());
    }
}

fn encode(bytes: &[u8], out: &mut Vec<u8>) {
    let start = out.len();
    out.resize(start + bytes.len().div_ceil(3) * 4, 0);
    // As long as that, exactly.
    let written = STANDARD.encode_slice(bytes, &mut out[start..]).unwrap_or(0);
    out.truncate(start + written);
}

/// The item of a line.
pub(super) fn parse(line: &[u8]) -> Option<Fields> {
    let line: Value = serde_json::from_slice(line).ok()?;
    let attributes = line.get("Item")?.as_object()?.iter();
    let value = |(name, value): (&String, &Value)| {
        let (kind, value) = value.as_object()?.iter().next()?;
        let value = match (kind.as_str(), value) {
            ("B", Value::String(value)) => bytes(STANDARD.decode(value).ok()?),
            ("N", Value::String(value)) => number(value),
            ("S", Value::String(value)) => text(value.as_str()),
            ("BOOL", Value::Bool(value)) => aws_sdk_dynamodb::types::AttributeValue::Bool(*value),
            _ => return None,
        };
        Some((name.clone(), value))
    };
    attributes.map(value).collect()
}

#[cfg(test)]
mod tests {
    use super::super::place::{CHUNK_BYTES, Place};
    use super::*;
    use crate::online::{Item, Value};
    use crate::time::Timestamp;

    fn stored(key: &[u8], text_bytes: usize, expires: Option<i64>) -> Stored {
        let time = Timestamp::from_micros(1_700_000_000_123_456);
        let item = Item {
            timestamp: time,
            effective: time,
            expires: expires.map(Timestamp::from_micros),
            as_of: time,
            values: vec![Value::Int64(-7), Value::Utf8("ü\"\\\n".repeat(text_bytes / 5))],
        };
        Stored::new(key, &item, time)
    }

    #[test]
    fn an_import_reads_what_a_load_by_items_writes() {
        let place = Place::Own { table: String::new() };
        let keys: [&[u8]; 5] = [b"", b"k", b"key", &[0xff; 900], &[7; 5000]];
        for key in keys {
            for bytes in [0, 10, 101, CHUNK_BYTES - 100, CHUNK_BYTES + 1, 3 * CHUNK_BYTES] {
                for expires in [None, Some(1_800_000_000_000_001)] {
                    let stored = stored(key, bytes, expires);
                    let mut source = Vec::new();
                    let count = lines(&stored, &mut source);
                    let read: Vec<Fields> = (source.split_inclusive(|byte| *byte == b'\n'))
                        .map(|line| parse(line).expect("an item"))
                        .collect();
                    assert_eq!(read.len() as u64, count);
                    assert_eq!(read, stored.loaded(&place, 9));
                }
            }
        }
    }

    /// What README tells of a thousand million records of 100 bytes, keys of eight bytes among them.
    #[test]
    fn a_thousand_million_records() {
        let bytes = source_bytes(8, 99);
        assert_eq!(bytes, 191);
        let now = "2026-11-22T00:00:00Z".parse().expect("a time");
        let price = crate::price::Prices::built_in()
            .at(Some("us-east-1"), now)
            .expect("a price");
        let cents = |dollars: f64| (dollars * 100.0).round() / 100.0;
        assert_eq!(cents(price.imported(1_000_000_000 * bytes, 0)), 26.68);
        assert_eq!(cents(price.rows(1_000_000_000, 100)), 625.0);
    }

    #[test]
    fn the_bytes_of_a_source_are_known_before() {
        for (key, bytes) in [(0, 0), (1, 10), (20, 100), (900, 1000)] {
            let stored = stored(&vec![3; key], bytes, None);
            let mut source = Vec::new();
            lines(&stored, &mut source);
            let item = key + stored.body.len();
            assert_eq!(
                source_bytes(key as u64, item as u64),
                source.len() as u64,
                "{key}, {bytes}"
            );
        }
    }
}
