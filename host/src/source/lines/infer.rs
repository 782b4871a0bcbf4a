use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};

use arrow::datatypes::{DataType, Field};
use serde_json::Value;

use super::super::error::Unread;
use super::super::files::SourceFile;
use super::super::natural::widen;
use super::decode::shown;
use super::reader::Lines;

/// Rows of all files together that are looked at for the names of columns and what their values look like.
const ROWS: usize = 100_000;
/// Rows of a file that are looked at in any case.
const ROWS_OF_A_FILE: usize = 100;
/// Files that are looked at at once: where they are far away, most of the time is waiting.
const FILES_AT_ONCE: usize = 16;
/// More keys than this are no columns.
const COLUMNS_MAX: usize = 10_000;

/// The columns of JSON lines, by what their values look like.
#[derive(Debug, Clone, Default)]
pub(in crate::source) struct Inferred {
    /// In the order in which they were met.
    pub(in crate::source) columns: Vec<(String, DataType)>,
}

/// Keys, and what their values look like.
#[derive(Default)]
struct Keys {
    places: BTreeMap<String, usize>,
    inferred: Inferred,
}

impl Keys {
    /// False if there are too many.
    fn add(&mut self, key: String, data_type: DataType) -> bool {
        let columns = &mut self.inferred.columns;
        let place = *self.places.entry(key.clone()).or_insert(columns.len());
        match columns.get_mut(place) {
            Some((_, known)) => *known = join(known, &data_type),
            None if place < COLUMNS_MAX => columns.push((key, data_type)),
            None => return false,
        }
        true
    }
}

/// Looks at the first rows of each file, of several at once.
pub(in crate::source) fn infer(files: &[SourceFile]) -> Result<Inferred, Unread> {
    let each = (ROWS / files.len().max(1)).max(ROWS_OF_A_FILE);
    let heads: Vec<OnceLock<Result<Inferred, Unread>>> = files.iter().map(|_| OnceLock::new()).collect();
    let next = AtomicUsize::new(0);
    std::thread::scope(|scope| {
        for _ in 0..files.len().min(FILES_AT_ONCE) {
            scope.spawn(|| {
                loop {
                    let place = next.fetch_add(1, Ordering::Relaxed);
                    let (Some(file), Some(head)) = (files.get(place), heads.get(place)) else {
                        break;
                    };
                    let looked = self::head(file, each);
                    if looked.is_err() {
                        // The first of those that are wrong is told, so those before it are looked at.
                        next.store(files.len(), Ordering::Relaxed);
                    }
                    let _ = head.set(looked);
                }
            });
        }
    });
    let mut keys = Keys::default();
    for (file, head) in files.iter().zip(heads) {
        let Some(head) = head.into_inner() else { break };
        for (key, data_type) in head?.columns {
            if !keys.add(key, data_type) {
                return Err(Unread::from(format!("more than {COLUMNS_MAX} different keys")).of(&file.place));
            }
        }
    }
    Ok(keys.inferred)
}

fn head(file: &SourceFile, rows: usize) -> Result<Inferred, Unread> {
    let says = |problem: String| Unread::from(problem).of(&file.place);
    let mut lines = Lines::open(&file.place, file.compression()).map_err(|error| error.of(&file.place))?;
    let (mut line, mut keys) = (Vec::new(), Keys::default());
    for _ in 0..rows {
        line.clear();
        let Some(number) = lines.next(&mut line).map_err(|error| error.of(&file.place))? else {
            break;
        };
        let object = match serde_json::from_slice::<Value>(&line) {
            Ok(Value::Object(object)) => object,
            Ok(_) => return Err(says(format!("line {number} is no JSON object; each line is one"))),
            Err(error) => {
                // Of the line it knows only that it is the first.
                let error = error.to_string();
                let error = error.split(" at line ").next().unwrap_or_default();
                return Err(says(format!("line {number}: {}", shown(error))));
            }
        };
        for (key, value) in object {
            if !keys.add(key, look_of(&value)) {
                return Err(says(format!("line {number}: more than {COLUMNS_MAX} different keys")));
            }
        }
    }
    Ok(keys.inferred)
}

fn join(a: &DataType, b: &DataType) -> DataType {
    match (a, b) {
        // Keys that only some objects have are null in the others.
        (DataType::Struct(a), DataType::Struct(b)) => {
            let mut fields: Vec<Field> = a.iter().map(|field| field.as_ref().clone()).collect();
            for field in b {
                match fields.iter_mut().find(|known| known.name() == field.name()) {
                    Some(known) => {
                        let data_type = join(known.data_type(), field.data_type());
                        *known = Field::new(known.name(), data_type, true);
                    }
                    None => fields.push(field.as_ref().clone()),
                }
            }
            DataType::Struct(fields.into())
        }
        (DataType::List(a), DataType::List(b)) => list(join(a.data_type(), b.data_type())),
        // Parts here and none there: reading one of the two as the other is an error of its line.
        _ => widen(a, b, true).unwrap_or_else(|| a.clone()),
    }
}

fn list(item: DataType) -> DataType {
    DataType::List(Arc::new(Field::new("item", item, true)))
}

fn look_of(value: &Value) -> DataType {
    match value {
        Value::Null => DataType::Null,
        Value::Bool(_) => DataType::Boolean,
        Value::Number(number) if number.is_i64() => DataType::Int64,
        // No number type holds it with all digits and the others too.
        Value::Number(number) if number.is_u64() => DataType::Utf8,
        Value::Number(_) => DataType::Float64,
        Value::String(_) => DataType::Utf8,
        Value::Array(items) => list(items.iter().map(look_of).fold(DataType::Null, |a, b| join(&a, &b))),
        Value::Object(object) => DataType::Struct(
            object
                .iter()
                .map(|(key, value)| Field::new(key, look_of(value), true))
                .collect(),
        ),
    }
}
