use arrow::array::{RecordBatch, RecordBatchOptions};
use arrow::datatypes::SchemaRef;
use arrow::error::ArrowError;
use arrow::json::ReaderBuilder;

/// Lines that become one batch.
#[derive(Default)]
pub(super) struct Chunk {
    pub(super) bytes: Vec<u8>,
    /// The number of each line, and where it ends.
    pub(super) lines: Vec<(u64, usize)>,
}

impl Chunk {
    pub(super) fn clear(&mut self) {
        self.bytes.clear();
        self.lines.clear();
    }

    /// The batch of all lines, or what is wrong with one of them.
    pub(super) fn decode(&self, schema: &SchemaRef) -> Result<RecordBatch, String> {
        match decode(&self.bytes, self.lines.len(), schema) {
            Ok(batch) => Ok(batch),
            Err(whole) => {
                let mut start = 0;
                for (number, end) in &self.lines {
                    let line = self.bytes.get(start..*end).unwrap_or_default();
                    if let Err(problem) = decode(line, 1, schema) {
                        return Err(format!("line {number}: {problem}"));
                    }
                    start = *end;
                }
                let first = self.lines.first().map_or(0, |(number, _)| *number);
                Err(format!("line {first} or below: {whole}"))
            }
        }
    }
}

fn decode(bytes: &[u8], rows: usize, schema: &SchemaRef) -> Result<RecordBatch, String> {
    let says = |error: ArrowError| match error {
        ArrowError::JsonError(message) => shown(&message),
        other => shown(&other.to_string()),
    };
    let mut decoder = ReaderBuilder::new(SchemaRef::clone(schema))
        .with_batch_size(rows + 1)
        .with_coerce_primitive(true)
        .build_decoder()
        .map_err(says)?;
    decoder.decode(bytes).map_err(says)?;
    if decoder.has_partial_record() {
        return Err("no whole JSON object; each line is one".to_owned());
    }
    if decoder.len() != rows {
        return Err("several JSON objects; each line is one".to_owned());
    }
    if schema.fields().is_empty() {
        let options = RecordBatchOptions::new().with_row_count(Some(rows));
        return RecordBatch::try_new_with_options(SchemaRef::clone(schema), Vec::new(), &options).map_err(says);
    }
    decoder
        .flush()
        .map_err(says)?
        .ok_or_else(|| "no JSON object".to_owned())
}

/// What strangers' bytes may be among, short and without control characters.
pub(super) fn shown(text: &str) -> String {
    text.chars()
        .take(200)
        .map(|letter| if letter.is_control() { ' ' } else { letter })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use arrow::datatypes::{DataType, Field, Schema};
    use std::sync::Arc;

    fn decoded(text: &str) -> Result<RecordBatch, String> {
        let mut chunk = Chunk::default();
        for (index, line) in text.lines().enumerate() {
            chunk.bytes.extend(line.as_bytes());
            chunk.bytes.push(b'\n');
            chunk.lines.push((index as u64 + 1, chunk.bytes.len()));
        }
        chunk.decode(&Arc::new(Schema::new(vec![Field::new("a", DataType::Utf8, true)])))
    }

    #[test]
    fn numbers_keep_their_letters() {
        let batch = decoded("{\"a\":9223372036854775808}\n{\"b\":{}}\n{\"a\":\"x\"}\n{\"a\":1.10}\n{\"a\":null}")
            .expect("rows");
        let text = arrow::array::AsArray::as_string::<i32>(batch.column(0));
        let values: Vec<_> = text.iter().collect();
        assert_eq!(
            values,
            [Some("9223372036854775808"), None, Some("x"), Some("1.10"), None]
        );
    }

    #[test]
    fn a_wrong_line_is_named() {
        for (text, line) in [
            ("{\"a\":1}\n{\"a\":}", "line 2: "),
            ("{\"a\":1}\n{\"a\":1}{\"a\":1}\n", "line 2: several"),
            ("{\n\"a\":1}\n", "line 1: no whole"),
            ("[{\"a\":1}]\n", "line 1: "),
            ("{\"a\":1}\n7\n", "line 2: "),
            ("{\"a\":1}\n{\"a\":{\"b\":1}}\n", "line 2: "),
        ] {
            let problem = decoded(text).expect_err(text);
            assert!(problem.starts_with(line), "{text}: {problem}");
        }
    }
}
