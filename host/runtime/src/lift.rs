//! From the buffers that a guest returns to Arrow arrays. Nothing here trusts a number of the guest's: counts, lengths,
//! offsets, UTF-8, null counts and decimals are checked before an array is made, and each lie has a message of its own.

use std::sync::Arc;

use arrow_array::types::{ArrowPrimitiveType, Decimal128Type, DecimalType};
use arrow_array::{
    Array, ArrayRef, Decimal128Array, PrimitiveArray, RecordBatch, RecordBatchOptions, StringArray, StructArray,
    downcast_primitive, make_array,
};
use arrow_buffer::{BooleanBuffer, Buffer, NullBuffer, OffsetBuffer, ScalarBuffer};
use arrow_data::ArrayData;
use arrow_schema::{DataType, Field, SchemaRef};

use crate::bindings::sandglass::transform::types as wit;
use crate::lower::{Lowered, Text, width};

/// Raw parts of a batch as they came, for what hands them in without a guest (fuzzing, tests).
#[derive(Debug, Clone, Default)]
pub struct RawBatch {
    /// Rows, as claimed.
    pub rows: u32,
    /// Length and null count of every node, as claimed.
    pub nodes: Vec<(u32, u32)>,
    /// Buffers of every node.
    pub buffers: Vec<Vec<u8>>,
}

impl From<Lowered> for RawBatch {
    fn from(lowered: Lowered) -> Self {
        let Lowered {
            rows, nodes, buffers, ..
        } = lowered;
        Self {
            rows,
            nodes: nodes.iter().map(|node| (node.length, node.null_count)).collect(),
            buffers: buffers.iter().map(|buffer| buffer.to_vec()).collect(),
        }
    }
}

/// Lifts raw parts, for what has no guest; see [`RawBatch`].
pub fn lift(schema: &SchemaRef, raw: RawBatch) -> Result<RecordBatch, String> {
    lift_raw(schema, raw, &[])
}

fn lift_raw(schema: &SchemaRef, raw: RawBatch, pushed: &[Text]) -> Result<RecordBatch, String> {
    let RawBatch { rows, nodes, buffers } = raw;
    let nodes = nodes
        .into_iter()
        .map(|(length, null_count)| wit::Node { length, null_count })
        .collect();
    lift_batch(schema, wit::BatchResult { rows, nodes, buffers }, pushed)
}

/// Lifts a batch. A column of text that is one of `pushed`, byte by byte, is as valid as that: comparing is cheaper than checking.
pub(crate) fn lift_batch(schema: &SchemaRef, batch: wit::BatchResult, pushed: &[Text]) -> Result<RecordBatch, String> {
    let wit::BatchResult { rows, nodes, buffers } = batch;
    let rows = rows as usize;
    let expected = schema.fields().iter().map(|field| count_nodes(field)).sum::<usize>();
    if nodes.len() != expected {
        return Err(format!("a batch of {} nodes, its schema has {expected}", nodes.len()));
    }
    let expected = schema.fields().iter().map(|field| count_buffers(field)).sum::<usize>();
    if buffers.len() != expected {
        return Err(format!(
            "a batch of {} buffers, its schema has {expected}",
            buffers.len()
        ));
    }
    let mut parts = Parts {
        nodes: nodes.into_iter(),
        buffers: buffers.into_iter(),
        pushed,
    };
    let columns = schema
        .fields()
        .iter()
        .map(|field| {
            parts
                .column(field, rows)
                .map_err(|message| format!("column `{}`: {message}", field.name()))
        })
        .collect::<Result<Vec<_>, _>>()?;
    let options = RecordBatchOptions::new().with_row_count(Some(rows));
    RecordBatch::try_new_with_options(Arc::clone(schema), columns, &options).map_err(|error| error.to_string())
}

fn children(data_type: &DataType) -> Vec<&Field> {
    match data_type {
        DataType::List(item) | DataType::FixedSizeList(item, _) => vec![item.as_ref()],
        DataType::Struct(fields) => fields.iter().map(AsRef::as_ref).collect(),
        DataType::Map(entries, _) => children(entries.data_type()),
        _ => Vec::new(),
    }
}

fn count_nodes(field: &Field) -> usize {
    1 + children(field.data_type()).into_iter().map(count_nodes).sum::<usize>()
}

fn count_buffers(field: &Field) -> usize {
    let own = match field.data_type() {
        DataType::Struct(_) | DataType::FixedSizeList(_, _) => 1,
        DataType::Utf8 | DataType::Binary => 3,
        _ => 2,
    };
    own + children(field.data_type())
        .into_iter()
        .map(count_buffers)
        .sum::<usize>()
}

/// How many texts of as many bytes are compared with one that came back, at most.
const COMPARED_MAX: usize = 8;

struct Parts<'a> {
    nodes: std::vec::IntoIter<wit::Node>,
    buffers: std::vec::IntoIter<Vec<u8>>,
    pushed: &'a [Text],
}

impl Parts<'_> {
    fn column(&mut self, field: &Field, length: usize) -> Result<ArrayRef, String> {
        let node = self.nodes.next().ok_or("a node is missing")?;
        if node.length as usize != length {
            return Err(format!("a length of {}, it should be {length}", node.length));
        }
        let nulls = self.validity(length, node.null_count as usize)?;
        if !field.is_nullable() && node.null_count > 0 {
            return Err(format!(
                "{} nulls, and the contract says that it has none",
                node.null_count
            ));
        }
        let builder = ArrayData::builder(field.data_type().clone())
            .len(length)
            .nulls(nulls.clone());
        let builder = match field.data_type() {
            DataType::Boolean => builder.add_buffer(self.exact(length.div_ceil(8), "values")?),
            DataType::Utf8 | DataType::Binary => {
                if *field.data_type() == DataType::Utf8
                    && let Some(array) = self.pushed(length, nulls.as_ref())
                {
                    return Ok(Arc::new(array));
                }
                let (offsets, end) = self.offsets(length)?;
                let values = self.exact(end, "values")?;
                if *field.data_type() == DataType::Utf8
                    && let Some(array) = text(length, &offsets, &values, nulls)
                {
                    return Ok(Arc::new(array));
                }
                builder.add_buffer(offsets).add_buffer(values)
            }
            DataType::List(item) => {
                let (offsets, end) = self.offsets(length)?;
                builder
                    .add_buffer(offsets)
                    .add_child_data(self.child(item, end)?.to_data())
            }
            DataType::FixedSizeList(item, size) => {
                let elements = usize::try_from(*size).ok().and_then(|size| size.checked_mul(length));
                let elements = elements.ok_or("more elements than can be counted")?;
                builder.add_child_data(self.child(item, elements)?.to_data())
            }
            DataType::Struct(fields) => {
                let mut builder = builder;
                for field in fields {
                    builder = builder.add_child_data(self.child(field, length)?.to_data());
                }
                builder
            }
            DataType::Map(entries, _) => {
                let (offsets, end) = self.offsets(length)?;
                let DataType::Struct(fields) = entries.data_type() else {
                    return Err("a map without entries".to_owned());
                };
                let columns = fields
                    .iter()
                    .map(|field| self.child(field, end))
                    .collect::<Result<Vec<_>, _>>()?;
                let entries = StructArray::try_new(fields.clone(), columns, None).map_err(|error| error.to_string())?;
                builder.add_buffer(offsets).add_child_data(entries.to_data())
            }
            data_type => {
                let width = width(data_type).ok_or_else(|| format!("{data_type} does not cross the boundary"))?;
                let bytes = length.checked_mul(width).ok_or("more bytes than can be counted")?;
                let values = self.exact(bytes, "values")?;
                if !matches!(data_type, DataType::Decimal128(..))
                    && let Some(array) = numbers(data_type, length, &values, nulls)
                {
                    return Ok(array);
                }
                builder.add_buffer(values)
            }
        };
        // Arrow checks everything once more, and says of text that is none where it is.
        let data = builder.align_buffers(true).build().map_err(|error| error.to_string())?;
        if let DataType::Decimal128(precision, _) = field.data_type() {
            // Arrow's check of a whole array takes a negative scale for a large one.
            let fits = |value| Decimal128Type::is_valid_decimal_precision(value, *precision);
            if !Decimal128Array::from(data.clone()).iter().flatten().all(fits) {
                return Err(format!("a decimal of more than {precision} digits"));
            }
        }
        Ok(make_array(data))
    }

    fn child(&mut self, field: &Field, length: usize) -> Result<ArrayRef, String> {
        self.column(field, length)
            .map_err(|message| format!("`{}`: {message}", field.name()))
    }

    fn buffer(&mut self) -> Result<Vec<u8>, String> {
        self.buffers.next().ok_or_else(|| "a buffer is missing".to_owned())
    }

    fn exact(&mut self, bytes: usize, what: &str) -> Result<Buffer, String> {
        let buffer = self.buffer()?;
        if buffer.len() != bytes {
            return Err(format!("{} bytes of {what}, there should be {bytes}", buffer.len()));
        }
        Ok(Buffer::from_vec(buffer))
    }

    fn validity(&mut self, length: usize, null_count: usize) -> Result<Option<NullBuffer>, String> {
        let buffer = self.buffer()?;
        if buffer.is_empty() {
            // Also what a batch of no rows has.
            return if null_count == 0 {
                Ok(None)
            } else {
                Err(format!("{null_count} nulls without a validity buffer"))
            };
        }
        if buffer.len() != length.div_ceil(8) {
            return Err(format!(
                "{} bytes of validity, there should be {}",
                buffer.len(),
                length.div_ceil(8)
            ));
        }
        let nulls = NullBuffer::new(BooleanBuffer::new(Buffer::from_vec(buffer), 0, length));
        if nulls.null_count() != null_count {
            return Err(format!(
                "{null_count} nulls claimed, the validity buffer has {}",
                nulls.null_count()
            ));
        }
        if null_count == 0 {
            return Err("a validity buffer, and no nulls".to_owned());
        }
        Ok(Some(nulls))
    }

    /// The text of the next two buffers, if one of so many rows was pushed that is the same, byte by byte.
    #[expect(unsafe_code, reason = "what is valid would be checked again")]
    fn pushed(&mut self, length: usize, nulls: Option<&NullBuffer>) -> Option<StringArray> {
        let [offsets, values, ..] = self.buffers.as_slice() else {
            return None;
        };
        // The offsets of a text say how many rows it has.
        let is_of_rows = length.checked_add(1)?.checked_mul(size_of::<i32>())? == offsets.len();
        let is_as_long = |text: &&Text| text.values.len() == values.len() && text.offsets.len() == offsets.len();
        let mut candidates = self.pushed.iter().filter(is_as_long).take(COMPARED_MAX);
        let is_it = |text: &Text| text.offsets.as_slice() == offsets && text.values.as_slice() == values;
        if !is_of_rows || !offsets.as_ptr().cast::<i32>().is_aligned() || !candidates.any(is_it) {
            return None;
        }
        let (offsets, values) = (self.buffers.next()?, self.buffers.next()?);
        let offsets = ScalarBuffer::new(offsets.into(), 0, length + 1);
        // SAFETY: what was pushed is a valid array, and this is a copy of it.
        Some(unsafe { text_of(offsets, values.into(), nulls.cloned()) })
    }

    /// Offsets that begin at zero and never fall, and where they end.
    fn offsets(&mut self, length: usize) -> Result<(Buffer, usize), String> {
        let bytes = length
            .checked_add(1)
            .and_then(|count| count.checked_mul(4))
            .ok_or("more offsets than can be counted")?;
        let buffer = self.exact(bytes, "offsets")?;
        let (offsets, _) = buffer.as_slice().as_chunks::<4>();
        let mut all = offsets.iter().map(|offset| i32::from_le_bytes(*offset));
        let mut previous = all.next().unwrap_or(0);
        if previous != 0 {
            return Err(format!("offsets that begin at {previous} and not at zero"));
        }
        // Pairs, and no early end: the compiler makes vectors of it.
        let pairs = offsets.iter().zip(offsets.iter().skip(1));
        let falls = pairs.fold(false, |falls, (before, after)| {
            falls | (i32::from_le_bytes(*after) < i32::from_le_bytes(*before))
        });
        if falls {
            return Err(fall(offsets));
        }
        previous = all.next_back().unwrap_or(previous);
        let end = usize::try_from(previous).map_err(|_| "a negative offset".to_owned())?;
        Ok((buffer, end))
    }
}

/// Numbers, of which any bytes are some, by a shorter way than what is for all types; none if they are not numbers, or do not lie where
/// numbers of their width may.
fn numbers(data_type: &DataType, length: usize, values: &Buffer, nulls: Option<NullBuffer>) -> Option<ArrayRef> {
    macro_rules! numbers {
        ($kind:ty) => {{
            let first = values.as_ptr().cast::<<$kind as ArrowPrimitiveType>::Native>();
            first.is_aligned().then(|| {
                let values = ScalarBuffer::new(values.clone(), 0, length);
                let array = PrimitiveArray::<$kind>::new(values, nulls);
                Arc::new(array.with_data_type(data_type.clone())) as ArrayRef
            })
        }};
    }
    downcast_primitive!(data_type => (numbers), _ => None)
}

/// Text whose offsets rise from zero to the end of its values, without arrow's slower check; none if that has to look, for it
/// says where text is none.
#[expect(unsafe_code, reason = "arrow has no other way without a check of every single value")]
fn text(length: usize, offsets: &Buffer, values: &Buffer, nulls: Option<NullBuffer>) -> Option<StringArray> {
    let text = simdutf8::basic::from_utf8(values).ok()?;
    if !offsets.as_ptr().cast::<i32>().is_aligned() || offsets.len() != (length + 1) * size_of::<i32>() {
        return None;
    }
    let offsets = ScalarBuffer::<i32>::new(offsets.clone(), 0, length + 1);
    // A byte in the middle of a character is of the form 10xxxxxx; the end of the values is a boundary.
    let inside = |offset: &i32| values.get(*offset as usize).is_some_and(|byte| byte & 0xc0 == 0x80);
    let splits = !text.is_ascii() && offsets.iter().fold(false, |splits, offset| splits | inside(offset));
    if splits {
        return None;
    }
    // SAFETY: the caller has seen that the offsets begin at zero, never fall, and end where the values do. The values are UTF-8 as
    // a whole, and no offset lies inside of a character, so each value is.
    Some(unsafe { text_of(offsets, values.clone(), nulls) })
}

/// An array of text, unchecked.
///
/// # Safety
/// The offsets begin at zero, never fall, and end where the values do; what lies between two of them is UTF-8.
#[expect(unsafe_code, reason = "as its name says")]
unsafe fn text_of(offsets: ScalarBuffer<i32>, values: Buffer, nulls: Option<NullBuffer>) -> StringArray {
    // SAFETY: the caller's word.
    unsafe { StringArray::new_unchecked(OffsetBuffer::new_unchecked(offsets), values, nulls) }
}

/// Where offsets fall.
fn fall(offsets: &[[u8; 4]]) -> String {
    let at = |index: usize| offsets.get(index).map_or(0, |offset| i32::from_le_bytes(*offset));
    let index = (1..offsets.len()).find(|&index| at(index) < at(index - 1)).unwrap_or(0);
    format!(
        "an offset of {} after one of {}, at row {}",
        at(index),
        at(index.saturating_sub(1)),
        index.saturating_sub(1)
    )
}

#[cfg(test)]
mod tests {
    use arrow_array::cast::AsArray;

    use super::*;
    use crate::lower::lower;

    const TEXTS: [&str; 4] = ["é", "ab", "", "zü"];

    fn batch(columns: Vec<(&str, StringArray)>) -> RecordBatch {
        let columns = columns
            .into_iter()
            .map(|(name, array)| (name, Arc::new(array) as ArrayRef, true));
        RecordBatch::try_from_iter_with_nullable(columns).expect("columns of one length")
    }

    /// Lifts what a guest made of the lowered parts of this batch, having been pushed it.
    fn passed(pushed: &RecordBatch, guest: impl FnOnce(&mut RawBatch)) -> Result<RecordBatch, String> {
        let lowered = lower(pushed).expect("text");
        let texts = lowered.texts.clone();
        let mut raw = RawBatch::from(lowered);
        guest(&mut raw);
        lift_raw(&pushed.schema(), raw, &texts)
    }

    #[test]
    fn text_comes_back_as_it_was_pushed() {
        let other = StringArray::from(vec![Some("é"), None, Some("x"), Some("zü")]);
        let pushed = batch(vec![("text", StringArray::from(TEXTS.to_vec())), ("other", other)]);
        assert_eq!(passed(&pushed, |_| {}), Ok(pushed.clone()));
        // A slice begins in the middle of its buffers.
        let slice = pushed.slice(1, 3);
        assert_eq!(passed(&slice, |_| {}), Ok(slice.clone()));
        // One text for the other, with the other's nulls.
        let twice = passed(&pushed, |raw| {
            let text = raw.buffers[1..3].to_vec();
            raw.buffers[4..].clone_from_slice(&text);
        })
        .expect("text");
        let expected = StringArray::from(vec![Some("é"), None, Some(""), Some("zü")]);
        assert_eq!(twice.column(1).as_string::<i32>(), &expected);
    }

    #[test]
    fn text_that_is_not_what_was_pushed_is_checked() {
        let pushed = batch(vec![("text", StringArray::from(TEXTS.to_vec()))]);
        let refused = |guest: fn(&mut RawBatch)| passed(&pushed, guest).expect_err("not as it was pushed");
        let text = refused(|raw| raw.buffers[2][0] = 0xff);
        assert!(text.contains("invalid utf-8"), "{text}");
        let text = refused(|raw| raw.buffers[2][6] = 0xc3);
        assert!(text.contains("invalid utf-8"), "{text}");
        // The same values, cut elsewhere.
        let text = refused(|raw| raw.buffers[1][4] = 1);
        assert!(text.contains("UTF-8") || text.contains("utf-8"), "{text}");
        let text = refused(|raw| raw.buffers[1][0] = 1);
        assert_eq!(text, "column `text`: offsets that begin at 1 and not at zero");
        // Fewer rows, in the same buffers.
        let text = refused(|raw| (raw.rows, raw.nodes[0].0) = (3, 3));
        assert_eq!(text, "column `text`: 20 bytes of offsets, there should be 16");
        // And what is text, though another one, is taken.
        let changed = passed(&pushed, |raw| raw.buffers[2][2] = b'b').expect("text");
        assert_eq!(changed.column(0).as_string::<i32>().value(1), "bb");
    }
}
