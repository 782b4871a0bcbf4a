//! One key's item and its bytes: a format version, a checksum of what follows, then the fields. LMDB's pages have no
//! checksums, so a flipped bit is found here or nowhere.

use arrow::datatypes::DataType;

use super::value::Value;
use crate::time::Timestamp;

/// The latest row of a key.
#[derive(Debug, Clone, PartialEq)]
pub struct Item {
    /// The row's time.
    pub timestamp: Timestamp,
    /// When it became visible.
    pub effective: Timestamp,
    /// When it stops being served.
    pub expires: Option<Timestamp>,
    /// The boundary up to which rows were looked at when it was made.
    pub as_of: Timestamp,
    /// The features, in the order of the view's columns.
    pub values: Vec<Value>,
}

/// What is wrong with an item's bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ItemError {
    /// A later program wrote it.
    #[error("an item of format {0}, this program reads format {VERSION}")]
    Version(u8),
    /// Bytes have changed since they were written.
    #[error("its checksum does not match")]
    Checksum,
    /// The checksum matches, the bytes make no sense.
    #[error("its bytes make no sense")]
    Malformed,
    /// Another key's item lies there.
    #[error("it is another key's")]
    Key,
}

const VERSION: u8 = 1;
/// Where the body begins, behind the version and its checksum.
const BODY: usize = 5;
const DEPTH_MAX: usize = 32;

impl Item {
    /// Whether it is served at `now`.
    pub fn is_visible(&self, now: Timestamp) -> bool {
        self.effective <= now && self.expires.is_none_or(|expires| now < expires)
    }

    /// About how many bytes it takes in memory, if it takes so many in the store.
    pub(super) fn memory_bytes(&self, stored: usize) -> u64 {
        // A value takes its own size, and a text, list or map an allocation with what the store has of it, more or less.
        (size_of::<Self>() + self.values.len() * size_of::<Value>() + 2 * stored) as u64
    }

    /// The item's bytes; `key` is kept in them, as the store may know only its hash.
    pub fn encode(&self, key: &[u8]) -> Vec<u8> {
        let mut out = Vec::with_capacity(64 + key.len() + self.values.len() * 10);
        self.encode_into(key, &mut out);
        out
    }

    /// How many bytes [`Item::encode`] gives.
    pub fn encoded_len(&self, key: &[u8]) -> usize {
        // Format, checksum, the key with its length, four times, the number of values.
        1 + 4 + (4 + key.len()) + 4 * 8 + 4 + self.values.iter().map(encoded_len).sum::<usize>()
    }

    /// About how many bytes an item of these features has: what is of no fixed length is taken for [`TEXT_BYTES`] a text and
    /// [`LIST_VALUES`] values a list or map.
    pub fn estimated_len(key_bytes: usize, features: &[DataType]) -> usize {
        1 + 4 + (4 + key_bytes) + 4 * 8 + 4 + features.iter().map(estimated_len).sum::<usize>()
    }

    /// The same in place of what `out` holds.
    pub(super) fn encode_into(&self, key: &[u8], out: &mut Vec<u8>) {
        out.clear();
        out.extend([VERSION, 0, 0, 0, 0]);
        bytes(key, out);
        for time in [self.timestamp, self.effective, self.as_of] {
            out.extend(time.micros().to_le_bytes());
        }
        out.extend(self.expires.map_or(i64::MAX, Timestamp::micros).to_le_bytes());
        length(self.values.len(), out);
        self.values.iter().for_each(|value| encode(value, out));
        let checksum = crc32fast::hash(&out[BODY..]);
        out[1..BODY].copy_from_slice(&checksum.to_le_bytes());
    }

    /// The key and the item of these bytes.
    pub fn decode(bytes: &[u8]) -> Result<(Vec<u8>, Self), ItemError> {
        let (&version, rest) = bytes.split_first().ok_or(ItemError::Malformed)?;
        if version != VERSION {
            return Err(ItemError::Version(version));
        }
        let (checksum, body) = rest.split_first_chunk::<4>().ok_or(ItemError::Malformed)?;
        if crc32fast::hash(body) != u32::from_le_bytes(*checksum) {
            return Err(ItemError::Checksum);
        }
        let mut reader = Reader(body);
        let item = reader.item().ok_or(ItemError::Malformed)?;
        if reader.0.is_empty() {
            Ok(item)
        } else {
            Err(ItemError::Malformed)
        }
    }
}

fn length(length: usize, out: &mut Vec<u8>) {
    out.extend(u32::try_from(length).unwrap_or(u32::MAX).to_le_bytes());
}

fn bytes(bytes: &[u8], out: &mut Vec<u8>) {
    length(bytes.len(), out);
    out.extend(bytes);
}

fn encode(value: &Value, out: &mut Vec<u8>) {
    match value {
        Value::Null => out.push(0),
        Value::Boolean(value) => out.extend([1, u8::from(*value)]),
        Value::Int64(value) => {
            out.push(2);
            out.extend(value.to_le_bytes());
        }
        Value::Float64(value) => {
            out.push(3);
            out.extend(value.to_bits().to_le_bytes());
        }
        Value::Utf8(value) => {
            out.push(4);
            bytes(value.as_bytes(), out);
        }
        Value::Binary(value) => {
            out.push(5);
            bytes(value, out);
        }
        Value::Date(value) => {
            out.push(6);
            out.extend(value.to_le_bytes());
        }
        Value::Timestamp(value) => {
            out.push(7);
            out.extend(value.to_le_bytes());
        }
        Value::Decimal(digits, scale) => {
            out.push(8);
            out.extend(digits.to_le_bytes());
            out.extend(scale.to_le_bytes());
        }
        Value::List(values) => {
            out.push(9);
            length(values.len(), out);
            values.iter().for_each(|value| encode(value, out));
        }
        Value::Struct(fields) => {
            out.push(10);
            length(fields.len(), out);
            for (name, value) in fields {
                bytes(name.as_bytes(), out);
                encode(value, out);
            }
        }
        Value::Map(entries) => {
            out.push(11);
            length(entries.len(), out);
            for (key, value) in entries {
                encode(key, out);
                encode(value, out);
            }
        }
    }
}

/// Bytes of a text or of binary data of which nothing is known.
pub const TEXT_BYTES: usize = 16;
/// Values of a list or map of which nothing is known.
pub const LIST_VALUES: usize = 4;

fn estimated_len(data_type: &DataType) -> usize {
    let held = match data_type {
        DataType::Null => 0,
        DataType::Boolean => 1,
        DataType::Date32 => 4,
        DataType::Decimal128(..) => 16 + 1,
        DataType::List(field) => 4 + LIST_VALUES * estimated_len(field.data_type()),
        DataType::Struct(fields) => {
            let fields = fields.iter();
            4 + fields
                .map(|field| 4 + field.name().len() + estimated_len(field.data_type()))
                .sum::<usize>()
        }
        // Its entries are a struct of two, whose names are not written.
        DataType::Map(entries, _) => match entries.data_type() {
            DataType::Struct(both) => {
                let entry: usize = both.iter().map(|field| estimated_len(field.data_type())).sum();
                4 + LIST_VALUES * entry
            }
            _ => 4,
        },
        other if other.is_numeric() || other.is_temporal() => 8,
        _ => 4 + TEXT_BYTES,
    };
    1 + held
}

fn encoded_len(value: &Value) -> usize {
    let held = match value {
        Value::Null => 0,
        Value::Boolean(_) => 1,
        Value::Int64(_) | Value::Float64(_) | Value::Timestamp(_) => 8,
        Value::Utf8(value) => 4 + value.len(),
        Value::Binary(value) => 4 + value.len(),
        Value::Date(_) => 4,
        Value::Decimal(..) => 16 + 1,
        Value::List(values) => 4 + values.iter().map(encoded_len).sum::<usize>(),
        Value::Struct(fields) => {
            let fields = fields.iter().map(|(name, value)| 4 + name.len() + encoded_len(value));
            4 + fields.sum::<usize>()
        }
        Value::Map(entries) => {
            let entries = entries.iter().map(|(key, value)| encoded_len(key) + encoded_len(value));
            4 + entries.sum::<usize>()
        }
    };
    1 + held
}

struct Reader<'a>(&'a [u8]);

impl Reader<'_> {
    fn item(&mut self) -> Option<(Vec<u8>, Item)> {
        let key = self.bytes()?.to_vec();
        let mut time = || Some(Timestamp::from_micros(i64::from_le_bytes(self.chunk()?)));
        let (timestamp, effective, as_of, expires) = (time()?, time()?, time()?, time()?);
        let expires = (expires.micros() != i64::MAX).then_some(expires);
        let count = self.count()?;
        let values = (0..count).map(|_| self.value(0)).collect::<Option<Vec<_>>>()?;
        Some((
            key,
            Item {
                timestamp,
                effective,
                expires,
                as_of,
                values,
            },
        ))
    }

    fn chunk<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (chunk, rest) = self.0.split_first_chunk::<N>()?;
        self.0 = rest;
        Some(*chunk)
    }

    /// A count of things of at least one byte each.
    fn count(&mut self) -> Option<usize> {
        let count = usize::try_from(u32::from_le_bytes(self.chunk()?)).ok()?;
        (count <= self.0.len()).then_some(count)
    }

    fn bytes(&mut self) -> Option<&[u8]> {
        let count = self.count()?;
        let (bytes, rest) = self.0.split_at(count);
        self.0 = rest;
        Some(bytes)
    }

    fn text(&mut self) -> Option<String> {
        String::from_utf8(self.bytes()?.to_vec()).ok()
    }

    fn value(&mut self, depth: usize) -> Option<Value> {
        if depth > DEPTH_MAX {
            return None;
        }
        let [tag] = self.chunk()?;
        Some(match tag {
            0 => Value::Null,
            1 => Value::Boolean(match self.chunk()? {
                [0] => false,
                [1] => true,
                _ => return None,
            }),
            2 => Value::Int64(i64::from_le_bytes(self.chunk()?)),
            3 => Value::Float64(f64::from_bits(u64::from_le_bytes(self.chunk()?))),
            4 => Value::Utf8(self.text()?),
            5 => Value::Binary(self.bytes()?.to_vec()),
            6 => Value::Date(i32::from_le_bytes(self.chunk()?)),
            7 => Value::Timestamp(i64::from_le_bytes(self.chunk()?)),
            8 => Value::Decimal(i128::from_le_bytes(self.chunk()?), i8::from_le_bytes(self.chunk()?)),
            9 => {
                let count = self.count()?;
                Value::List((0..count).map(|_| self.value(depth + 1)).collect::<Option<_>>()?)
            }
            10 => {
                let count = self.count()?;
                Value::Struct(
                    (0..count)
                        .map(|_| Some((self.text()?, self.value(depth + 1)?)))
                        .collect::<Option<_>>()?,
                )
            }
            11 => {
                let count = self.count()?;
                let entry = |_| Some((self.value(depth + 1)?, self.value(depth + 1)?));
                Value::Map((0..count).map(entry).collect::<Option<_>>()?)
            }
            _ => return None,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn sample() -> Item {
        Item {
            timestamp: Timestamp::from_micros(-1),
            effective: Timestamp::from_micros(10),
            expires: Some(Timestamp::from_micros(20)),
            as_of: Timestamp::from_micros(9),
            values: vec![
                Value::Null,
                Value::Boolean(true),
                Value::Int64(i64::MIN),
                Value::Float64(-0.0),
                Value::Utf8("grüße".into()),
                Value::Binary(vec![0, 255]),
                Value::Date(-1),
                Value::Timestamp(i64::MAX),
                Value::Decimal(-12345, 2),
                Value::List(vec![Value::Int64(1), Value::Null]),
                Value::Struct(vec![("a".into(), Value::Float64(1.5))]),
                Value::Map(vec![(Value::Utf8("k".into()), Value::Int64(1))]),
            ],
        }
    }

    #[test]
    fn decode_undoes_encode() {
        assert_eq!(Item::decode(&sample().encode(b"key")), Ok((b"key".to_vec(), sample())));
    }

    #[test]
    fn the_sample_of_format_1_still_loads() {
        let bytes = include_bytes!("../../../tests/fixtures/online-item-v1.bin");
        assert_eq!(Item::decode(bytes), Ok((b"key".to_vec(), sample())));
    }

    #[test]
    fn the_values_of_the_sample_as_json() {
        let bytes = include_bytes!("../../../tests/fixtures/online-item-v1.bin");
        let (_, item) = Item::decode(bytes).expect("the sample");
        let found = serde_json::json!({
            "timestamp": item.timestamp,
            "effective": item.effective,
            "expires": item.expires,
            "as_of": item.as_of,
            "values": item.values.iter().map(Value::to_json).collect::<Vec<_>>(),
        });
        let expected: serde_json::Value =
            serde_json::from_str(include_str!("../../../tests/fixtures/online-item-v1.json")).expect("JSON");
        assert_eq!(found, expected, "{found}");
    }

    #[test]
    fn what_has_a_fixed_length_is_estimated_to_the_byte() {
        let item = Item {
            values: vec![
                Value::Boolean(true),
                Value::Int64(1),
                Value::Float64(0.5),
                Value::Date(1),
                Value::Timestamp(1),
                Value::Decimal(1, 2),
            ],
            ..sample()
        };
        let types = [
            DataType::Boolean,
            DataType::Int16,
            DataType::Float32,
            DataType::Date32,
            DataType::Timestamp(arrow::datatypes::TimeUnit::Microsecond, Some("UTC".into())),
            DataType::Decimal128(10, 2),
        ];
        assert_eq!(Item::estimated_len(8, &types), item.encode(&[0; 8]).len());
    }

    #[test]
    fn every_flipped_bit_is_found() {
        let bytes = sample().encode(b"key");
        for bit in 0..bytes.len() * 8 {
            let mut damaged = bytes.clone();
            damaged[bit / 8] ^= 1 << (bit % 8);
            assert!(Item::decode(&damaged).is_err(), "bit {bit}");
        }
    }

    #[test]
    fn visible_from_its_effective_time_until_it_expires() {
        let at = |micros| sample().is_visible(Timestamp::from_micros(micros));
        assert_eq!([9, 10, 19, 20].map(at), [false, true, true, false]);
    }

    fn with_checksum(body: &[u8]) -> Vec<u8> {
        let mut bytes = vec![VERSION];
        bytes.extend(crc32fast::hash(body).to_le_bytes());
        bytes.extend(body);
        bytes
    }

    #[test]
    fn lists_within_lists_without_end_are_refused() {
        let nested = |depth: usize| {
            let empty = Item {
                values: Vec::new(),
                ..sample()
            };
            let mut body = empty.encode(b"")[5..].to_vec();
            body.truncate(body.len() - 4);
            body.extend(1_u32.to_le_bytes());
            (0..depth).for_each(|_| body.extend([9, 1, 0, 0, 0]));
            body.push(0);
            Item::decode(&with_checksum(&body)).map(drop)
        };
        assert_eq!(nested(DEPTH_MAX), Ok(()));
        assert_eq!(nested(DEPTH_MAX + 1), Err(ItemError::Malformed));
        assert_eq!(nested(100_000), Err(ItemError::Malformed));
    }

    fn value() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::Boolean),
            any::<i64>().prop_map(Value::Int64),
            any::<f64>()
                .prop_filter("equal to itself", |x| !x.is_nan())
                .prop_map(Value::Float64),
            any::<String>().prop_map(Value::Utf8),
            any::<Vec<u8>>().prop_map(Value::Binary),
            any::<i32>().prop_map(Value::Date),
            any::<i64>().prop_map(Value::Timestamp),
            any::<(i128, i8)>().prop_map(|(digits, scale)| Value::Decimal(digits, scale)),
        ];
        leaf.prop_recursive(3, 24, 4, |inner| {
            prop_oneof![
                proptest::collection::vec(inner.clone(), 0..4).prop_map(Value::List),
                proptest::collection::vec((any::<String>(), inner.clone()), 0..4).prop_map(Value::Struct),
                proptest::collection::vec((inner.clone(), inner), 0..4).prop_map(Value::Map),
            ]
        })
    }

    proptest! {
        #[test]
        fn decode_undoes_encode_for_all_values(
            values in proptest::collection::vec(value(), 0..6),
            key in any::<Vec<u8>>(),
            expires in proptest::option::of(0..i64::MAX),
        ) {
            let item = Item { values, expires: expires.map(Timestamp::from_micros), ..sample() };
            prop_assert_eq!(item.encode(&key).len(), item.encoded_len(&key));
            prop_assert_eq!(Item::decode(&item.encode(&key)), Ok((key, item)));
        }

        #[test]
        fn arbitrary_bodies_never_panic(body in proptest::collection::vec(any::<u8>(), 0..200)) {
            let _ = Item::decode(&with_checksum(&body));
        }

        /// Closer to what is accepted than arbitrary bytes: what is still read is what was written.
        #[test]
        fn a_changed_body_never_panics(
            changes in proptest::collection::vec((any::<proptest::sample::Index>(), any::<u8>(), 0_u8..3), 1..6),
        ) {
            let mut body = sample().encode(b"key")[5..].to_vec();
            for (place, byte, change) in changes {
                let place = place.index(body.len().max(1)).min(body.len());
                match change {
                    0 if place < body.len() => body[place] = byte,
                    1 if place < body.len() => drop(body.split_off(place)),
                    _ => body.insert(place, byte),
                }
            }
            let bytes = with_checksum(&body);
            if let Ok((key, item)) = Item::decode(&bytes) {
                prop_assert_eq!(item.encode(&key), bytes);
            }
        }
    }
}
