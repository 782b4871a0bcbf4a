//! A guest's batch to Arrow: a valid batch of the fuzzer's values, with a few lies told in it.

use arbitrary::{Result, Unstructured};
use arrow_array::{Array, RecordBatch};
use arrow_cast::display::{ArrayFormatter, FormatOptions};
use arrow_schema::{DataType, Field, SchemaRef};
use sandglass_runtime::{RawBatch, check_schema, lift, lower};

use super::schema;

/// Elements of one array of a valid batch.
const ELEMENTS_MAX: usize = 4_096;

pub fn run(data: &[u8]) {
    // Bytes that end early are zeros, so this does not fail.
    let Ok((schema, raw, lies)) = draw(&mut Unstructured::new(data)) else {
        return;
    };
    let Some(schema) = schema else { return };
    let rows = raw.rows as usize;
    let bytes: usize = raw.buffers.iter().map(Vec::len).sum();
    match lift(&schema, raw) {
        Ok(batch) => {
            assert_eq!(batch.num_rows(), rows);
            assert_eq!(batch.schema_ref(), &schema);
            // A row takes a bit at least, so that what bounds a guest's bytes bounds what is made of them.
            assert!(rows <= 8 * bytes, "{rows} rows of {bytes} bytes");
            let held = batch.get_array_memory_size();
            let nodes: usize = schema.flattened_fields().len();
            assert!(held <= 2 * bytes + 1_024 * nodes, "{held} bytes held for {bytes}");
            walk(&batch);
            round_trip(&batch);
            let (from, to) = (rows / 3, rows - rows / 4);
            let part = batch.slice(from.min(to), to.saturating_sub(from));
            walk(&part);
            round_trip(&part);
        }
        Err(message) => {
            assert!(lies, "a valid batch is refused: {message}");
            assert!(!message.is_empty());
        }
    }
}

/// Every value can be looked at.
fn walk(batch: &RecordBatch) {
    let options = FormatOptions::default();
    for column in batch.columns() {
        let data = column.to_data();
        data.validate_full().expect("an array that is lifted is valid");
        let formatter = ArrayFormatter::try_new(column.as_ref(), &options).expect("every type can be shown");
        for row in 0..column.len() {
            let _ = formatter.value(row).to_string();
        }
    }
}

/// What is lowered is lifted to the same.
fn round_trip(batch: &RecordBatch) {
    let lowered = lower(batch).expect("its types are the contract's");
    let again = lift(&batch.schema(), RawBatch::from(lowered));
    assert_eq!(again.as_ref(), Ok(batch));
}

fn draw(u: &mut Unstructured<'_>) -> Result<(Option<SchemaRef>, RawBatch, bool)> {
    let mut nodes = Vec::new();
    for index in 0..u.int_in_range(1..=4)? {
        schema::column(u, format!("c{index}"), 4, &mut nodes)?;
    }
    let Ok(schema) = check_schema(nodes) else {
        return Ok((None, RawBatch::default(), true));
    };
    let lies = u.int_in_range(0..=3u8)?;
    let rows = if schema::rarely(u, 8)? {
        u.int_in_range(0..=300)?
    } else {
        u.int_in_range(0..=9)?
    };
    let mut raw = RawBatch {
        rows,
        ..RawBatch::default()
    };
    let mut small = true;
    for field in schema.fields() {
        small &= fill(u, field, rows as usize, &mut raw)?;
    }
    for _ in 0..lies {
        lie(u, &mut raw)?;
    }
    Ok((Some(schema), raw, lies > 0 || !small))
}

/// Valid buffers of `length` elements; false if they are too many to be made.
fn fill(u: &mut Unstructured<'_>, field: &Field, length: usize, raw: &mut RawBatch) -> Result<bool> {
    if length > ELEMENTS_MAX {
        return Ok(false);
    }
    let mut null_count = 0;
    let mut validity = Vec::new();
    if field.is_nullable() && length > 0 && u.arbitrary()? {
        validity = bytes(u, length.div_ceil(8))?;
        null_count = (0..length)
            .filter(|bit| validity[bit / 8] >> (bit % 8) & 1 == 0)
            .count();
    }
    // Without nulls there is no such buffer.
    if null_count == 0 {
        validity.clear();
    }
    raw.nodes.push((length as u32, null_count as u32));
    raw.buffers.push(validity);
    match field.data_type() {
        DataType::Boolean => raw.buffers.push(bytes(u, length.div_ceil(8))?),
        DataType::Utf8 => {
            let mut values = String::new();
            let mut ends = Vec::new();
            for _ in 0..length {
                let most = u.int_in_range(0..=12)?;
                let text = bytes(u, most)?;
                values.push_str(&String::from_utf8_lossy(&text));
                ends.push(values.len());
            }
            raw.buffers.push(offsets(ends));
            raw.buffers.push(values.into_bytes());
        }
        DataType::Binary => {
            let (ends, end) = lengths(u, length, 12)?;
            raw.buffers.push(offsets(ends));
            let values = bytes(u, end)?;
            raw.buffers.push(values);
        }
        DataType::List(item) => {
            let (ends, end) = lengths(u, length, 3)?;
            raw.buffers.push(offsets(ends));
            return fill(u, item, end, raw);
        }
        DataType::Map(entries, _) => {
            let (ends, end) = lengths(u, length, 3)?;
            raw.buffers.push(offsets(ends));
            let DataType::Struct(fields) = entries.data_type() else {
                unreachable!("entries are a struct")
            };
            for field in fields {
                if !fill(u, field, end, raw)? {
                    return Ok(false);
                }
            }
        }
        DataType::FixedSizeList(item, size) => {
            let elements = usize::try_from(*size).map_or(usize::MAX, |size| size.saturating_mul(length));
            return fill(u, item, elements, raw);
        }
        DataType::Struct(fields) => {
            for field in fields {
                if !fill(u, field, length, raw)? {
                    return Ok(false);
                }
            }
        }
        DataType::Decimal128(precision, _) => {
            let mut values = Vec::new();
            for _ in 0..length {
                let value = u.arbitrary::<i128>()? % 10i128.pow(u32::from(*precision));
                values.extend(value.to_le_bytes());
            }
            raw.buffers.push(values);
        }
        DataType::FixedSizeBinary(width) => {
            let values = bytes(u, length * usize::try_from(*width).expect("a width is positive"))?;
            raw.buffers.push(values);
        }
        data_type => {
            let width = data_type.primitive_width().expect("what is left is primitive");
            let values = bytes(u, length * width)?;
            raw.buffers.push(values);
        }
    }
    Ok(true)
}

/// Changes one thing, or one thing in every place that tells it.
fn lie(u: &mut Unstructured<'_>, raw: &mut RawBatch) -> Result<()> {
    match u.int_in_range(0..=11u8)? {
        0 => raw.rows = number(u)?,
        1 => {
            let rows = number(u)?;
            for node in raw.nodes.iter_mut().filter(|node| node.0 == raw.rows) {
                node.0 = rows;
            }
            raw.rows = rows;
        }
        2 => {
            if let Some(node) = pick(u, &mut raw.nodes)? {
                node.0 = number(u)?;
            }
        }
        3 => {
            if let Some(node) = pick(u, &mut raw.nodes)? {
                node.1 = number(u)?;
            }
        }
        4 => {
            if let Some(buffer) = pick(u, &mut raw.buffers)? {
                let length = u.int_in_range(0..=buffer.len() + 9)?;
                buffer.resize(length, u.arbitrary()?);
            }
        }
        5 | 6 => {
            if let Some(buffer) = pick(u, &mut raw.buffers)?
                && let Some(byte) = pick(u, buffer)?
            {
                *byte = u.arbitrary()?;
            }
        }
        7 | 8 => {
            if let Some(buffer) = pick(u, &mut raw.buffers)? {
                let number = number(u)?.to_le_bytes();
                let (offsets, _) = buffer.as_chunks_mut::<4>();
                if let Some(offset) = pick(u, offsets)? {
                    *offset = number;
                }
            }
        }
        9 => {
            if !raw.buffers.is_empty() {
                let (left, right) = (u.choose_index(raw.buffers.len())?, u.choose_index(raw.buffers.len())?);
                raw.buffers.swap(left, right);
            }
        }
        10 => {
            let at = u.int_in_range(0..=raw.buffers.len())?;
            if at < raw.buffers.len() && u.arbitrary()? {
                raw.buffers.remove(at);
            } else {
                raw.buffers.insert(at, Vec::new());
            }
        }
        _ => {
            let at = u.int_in_range(0..=raw.nodes.len())?;
            if at < raw.nodes.len() && u.arbitrary()? {
                raw.nodes.remove(at);
            } else {
                raw.nodes.insert(at, (raw.rows, 0));
            }
        }
    }
    Ok(())
}

/// Numbers at which counts go wrong.
fn number(u: &mut Unstructured<'_>) -> Result<u32> {
    Ok(match u.int_in_range(0..=7u8)? {
        0 => u32::MAX,
        1 => 1 << 31,
        2 => (1 << 31) - 1,
        3 => u.arbitrary()?,
        _ => u.int_in_range(0..=20)?,
    })
}

fn pick<'a, T>(u: &mut Unstructured<'_>, of: &'a mut [T]) -> Result<Option<&'a mut T>> {
    if of.is_empty() {
        return Ok(None);
    }
    let at = u.choose_index(of.len())?;
    Ok(of.get_mut(at))
}

/// The next bytes, and zeros when there are no more.
fn bytes(u: &mut Unstructured<'_>, length: usize) -> Result<Vec<u8>> {
    let mut bytes = vec![0; length];
    u.fill_buffer(&mut bytes)?;
    Ok(bytes)
}

/// Where each of `length` lists ends, and where the last does.
fn lengths(u: &mut Unstructured<'_>, length: usize, most: usize) -> Result<(Vec<usize>, usize)> {
    let mut ends = Vec::new();
    let mut end = 0;
    for _ in 0..length {
        end += u.int_in_range(0..=most)?;
        ends.push(end);
    }
    Ok((ends, end))
}

fn offsets(ends: Vec<usize>) -> Vec<u8> {
    std::iter::once(0)
        .chain(ends)
        .flat_map(|end| (end as i32).to_le_bytes())
        .collect()
}
