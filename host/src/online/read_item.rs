use std::ops::{Deref, Range};

use super::item::Item;
use super::value::Value;

/// An item as reads hand it out. Where it stays in memory its values are there in JSON too, as most requests want them: to copy
/// text that lies together takes a fraction of the time of writing numbers that lie apart.
#[derive(Debug, Clone)]
pub struct ReadItem {
    item: Item,
    json: Option<Json>,
}

/// Values in JSON, with commas between them.
#[derive(Debug, Clone)]
struct Json {
    /// How many values there are.
    values: u32,
    /// Where each value ends in the text, four bytes each; then the text.
    bytes: Box<[u8]>,
}

const END_BYTES: usize = size_of::<u32>();

impl From<Item> for ReadItem {
    /// One that is read once.
    fn from(item: Item) -> Self {
        Self { item, json: None }
    }
}

impl PartialEq for ReadItem {
    fn eq(&self, other: &Self) -> bool {
        self.item == other.item
    }
}

impl Deref for ReadItem {
    type Target = Item;

    fn deref(&self) -> &Item {
        &self.item
    }
}

impl ReadItem {
    /// One that stays in memory.
    pub(super) fn kept(item: Item) -> Self {
        let json = Json::of(&item.values);
        Self { item, json }
    }

    /// Bytes that it takes beside the item's.
    pub(super) fn json_bytes(&self) -> u64 {
        let json = self.json.as_ref().map_or(0, |json| json.bytes.len());
        (size_of::<Self>() - size_of::<Item>() + json) as u64
    }

    /// These values in JSON, with commas between them; none if it is not there.
    pub(crate) fn json(&self, values: Range<usize>) -> Option<&[u8]> {
        self.json.as_ref()?.values(values)
    }
}

impl Json {
    /// None if the text is longer than can be told.
    fn of(values: &[Value]) -> Option<Self> {
        let count = u32::try_from(values.len()).ok()?;
        let mut bytes = vec![0; END_BYTES * values.len()];
        let start = bytes.len();
        for (at, value) in values.iter().enumerate() {
            if at > 0 {
                bytes.push(b',');
            }
            value.write_json(&mut bytes);
            let end = u32::try_from(bytes.len() - start).ok()?;
            bytes[END_BYTES * at..END_BYTES * (at + 1)].copy_from_slice(&end.to_le_bytes());
        }
        Some(Self {
            values: count,
            bytes: bytes.into_boxed_slice(),
        })
    }

    fn values(&self, values: Range<usize>) -> Option<&[u8]> {
        if values.is_empty() {
            return None;
        }
        let (ends, text) = self.bytes.split_at_checked(END_BYTES * self.values as usize)?;
        let (ends, _) = ends.as_chunks::<END_BYTES>();
        let end = |value: usize| ends.get(value).map(|end| u32::from_le_bytes(*end) as usize);
        let start = match values.start.checked_sub(1) {
            // Behind the comma.
            Some(before) => end(before)? + 1,
            None => 0,
        };
        text.get(start..end(values.end - 1)?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::Timestamp;

    fn item(values: Vec<Value>) -> Item {
        Item {
            timestamp: Timestamp::from_micros(0),
            effective: Timestamp::from_micros(0),
            expires: None,
            as_of: Timestamp::from_micros(0),
            values,
        }
    }

    /// Every part of the text is what writing its values one after the other gives.
    #[test]
    fn parts_of_the_text_are_the_values_one_by_one() {
        let values = vec![
            Value::Float64(0.1),
            Value::Null,
            Value::Utf8("a,\"b".to_owned()),
            Value::List(vec![Value::Int64(7), Value::Null]),
            Value::Utf8(String::new()),
        ];
        let kept = ReadItem::kept(item(values.clone()));
        for start in 0..values.len() {
            for end in start + 1..=values.len() {
                let texts = values[start..end].iter().map(|value| {
                    let mut text = Vec::new();
                    value.write_json(&mut text);
                    text
                });
                let texts: Vec<_> = texts.collect();
                assert_eq!(
                    kept.json(start..end),
                    Some(texts.join(&b',').as_slice()),
                    "{start}..{end}"
                );
            }
        }
    }

    #[test]
    fn what_is_not_there_is_not_told() {
        let kept = ReadItem::kept(item(vec![Value::Boolean(true), Value::Null]));
        assert_eq!(kept.json(0..2), Some(&b"true,null"[..]));
        assert_eq!(kept.json(0..3), None);
        assert_eq!(kept.json(2..3), None);
        assert_eq!(kept.json(1..1), None);
        let empty = ReadItem::kept(item(Vec::new()));
        assert_eq!(empty.json(0..1), None);
        let once = ReadItem::from(item(vec![Value::Null]));
        assert_eq!(once.json(0..1), None);
    }
}
