//! Parquet whose columns are encoded side by side. Encoding is most of what writing costs, and features are many columns. The bytes are
//! those of [`ArrowWriter`], whatever the number of threads.

use std::io::{self, Write};
use std::panic::resume_unwind;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use parquet::arrow::ArrowWriter;
use parquet::arrow::arrow_writer::{ArrowColumnWriter, ArrowRowGroupWriterFactory, compute_leaves};
use parquet::errors::Result;
use parquet::file::properties::WriterProperties;
use parquet::file::writer::SerializedFileWriter;

/// Columns that are worth a thread.
const COLUMNS_OF_A_THREAD: usize = 4;

/// When a row group ends.
#[derive(Debug, Clone, Copy)]
pub(super) struct GroupEnd {
    pub(super) rows: usize,
    /// About so many, encoded; looked at after each batch.
    pub(super) bytes: usize,
}

/// A file that is being written.
pub(super) struct Columns<W: Write + Send> {
    file: SerializedFileWriter<W>,
    factory: ArrowRowGroupWriterFactory,
    schema: SchemaRef,
    ends: GroupEnd,
    threads: usize,
    /// Of the row group that is being made, one for each leaf of the schema; none between row groups.
    writers: Vec<ArrowColumnWriter>,
    rows: usize,
}

impl<W: Write + Send> Columns<W> {
    pub(super) fn new(
        file: W,
        schema: &SchemaRef,
        properties: WriterProperties,
        ends: GroupEnd,
        threads: usize,
    ) -> Result<Self> {
        let writer = ArrowWriter::try_new(file, Arc::clone(schema), Some(properties))?;
        let (file, factory) = writer.into_serialized_writer()?;
        Ok(Self {
            file,
            factory,
            schema: Arc::clone(schema),
            ends,
            threads,
            writers: Vec::new(),
            rows: 0,
        })
    }

    pub(super) fn write(&mut self, batch: &RecordBatch) -> Result<()> {
        let mut from = 0;
        while from < batch.num_rows() {
            if self.writers.is_empty() {
                let group = self.file.flushed_row_groups().len();
                self.writers = self.factory.create_column_writers(group)?;
            }
            let rows = (batch.num_rows() - from).min(self.ends.rows - self.rows);
            self.encode(&batch.slice(from, rows))?;
            from += rows;
            self.rows += rows;
            let bytes = self.writers.iter().map(ArrowColumnWriter::get_estimated_total_bytes);
            if self.rows >= self.ends.rows || bytes.sum::<usize>() >= self.ends.bytes {
                self.end_group()?;
            }
        }
        Ok(())
    }

    pub(super) fn finish(mut self) -> Result<W> {
        self.end_group()?;
        self.file.into_inner()
    }

    fn encode(&mut self, batch: &RecordBatch) -> Result<()> {
        let mut leaves = Vec::with_capacity(self.writers.len());
        for (field, column) in self.schema.fields().iter().zip(batch.columns()) {
            leaves.extend(compute_leaves(field, column)?);
        }
        let columns = self.writers.iter_mut().zip(leaves).collect();
        side_by_side(self.threads, columns, |(writer, leaf)| writer.write(&leaf))?;
        Ok(())
    }

    fn end_group(&mut self) -> Result<()> {
        if self.writers.is_empty() {
            return Ok(());
        }
        self.rows = 0;
        let writers = std::mem::take(&mut self.writers);
        let chunks = side_by_side(self.threads, writers, ArrowColumnWriter::close)?;
        let mut group = self.file.next_row_group()?;
        for chunk in chunks {
            chunk.append_to_row_group(&mut group)?;
        }
        group.close()?;
        Ok(())
    }
}

/// What `work` makes of each item, in their order. This thread is one of those that work.
fn side_by_side<T: Send, U: Send>(
    threads: usize,
    items: Vec<T>,
    work: impl Fn(T) -> Result<U> + Sync,
) -> Result<Vec<U>> {
    let others = threads.min(items.len() / COLUMNS_OF_A_THREAD).saturating_sub(1);
    let queue = Mutex::new(items.into_iter().enumerate());
    let next = || queue.lock().unwrap_or_else(PoisonError::into_inner).next();
    let worker = || -> Result<Vec<(usize, U)>> {
        let mut made = Vec::new();
        while let Some((place, item)) = next() {
            made.push((place, work(item)?));
        }
        Ok(made)
    };
    thread::scope(|scope| {
        // Where the machine has no more threads the others do the work.
        let spawn = |_| thread::Builder::new().spawn_scoped(scope, worker);
        let others: Vec<_> = (0..others).map_while(|other| io::Result::ok(spawn(other))).collect();
        let mut all = worker();
        for other in others {
            let made = other.join().unwrap_or_else(|panic| resume_unwind(panic));
            all = all.and_then(|mut all| {
                all.extend(made?);
                Ok(all)
            });
        }
        let mut all = all?;
        all.sort_unstable_by_key(|(place, _)| *place);
        Ok(all.into_iter().map(|(_, made)| made).collect())
    })
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use arrow::array::{ArrayRef, Float64Array, Int64Array, ListArray, StringArray, StructArray};
    use arrow::datatypes::{Field, Int64Type};
    use parquet::errors::ParquetError;

    use super::*;

    /// Flat columns and nested ones, some of whose dictionaries are given up.
    fn batch(from: i64, rows: i64) -> RecordBatch {
        let numbers: ArrayRef = Arc::new(Int64Array::from_iter(
            (from..from + rows).map(|n| (n % 7 > 0).then_some(n * 7919)),
        ));
        let halves: ArrayRef = Arc::new(Float64Array::from_iter_values(
            (from..from + rows).map(|n| n as f64 / 2.0),
        ));
        let texts: ArrayRef = Arc::new(StringArray::from_iter_values(
            (from..from + rows).map(|n| format!("{}", n % 10)),
        ));
        let lists = (from..from + rows).map(|n| Some((0..n % 3).map(Some)));
        let field = |array: &ArrayRef| Arc::new(Field::new("x", array.data_type().clone(), true));
        let both = StructArray::from(vec![
            (field(&numbers), Arc::clone(&numbers)),
            (field(&texts), Arc::clone(&texts)),
        ]);
        let mut columns: Vec<(String, ArrayRef)> = vec![
            (
                "lists".to_owned(),
                Arc::new(ListArray::from_iter_primitive::<Int64Type, _, _>(lists)),
            ),
            ("both".to_owned(), Arc::new(both)),
        ];
        for copy in 0..4 {
            columns.push((format!("n{copy}"), Arc::clone(&numbers)));
            columns.push((format!("h{copy}"), Arc::clone(&halves)));
            columns.push((format!("t{copy}"), Arc::clone(&texts)));
        }
        RecordBatch::try_from_iter_with_nullable(columns.into_iter().map(|(name, array)| (name, array, true)))
            .expect("columns of one length")
    }

    #[test]
    fn any_number_of_threads_writes_what_one_writer_does() {
        let schema = batch(0, 1).schema();
        let rows = 10_000;
        let properties = || {
            let properties = WriterProperties::builder().set_dictionary_page_size_limit(20_000);
            properties.set_max_row_group_row_count(Some(rows)).build()
        };
        let mut some = ArrowWriter::try_new(Vec::new(), Arc::clone(&schema), Some(properties())).expect("a writer");
        some.write(&batch(100_000, 7_000)).expect("written");
        let bytes = some.in_progress_size();
        let ends = GroupEnd { rows, bytes };
        // Row groups that end inside of a batch, with a batch, by their bytes, and with the file.
        let batches = [
            batch(0, 6_000),
            batch(6_000, 9_000),
            batch(0, 5_000),
            batch(100_000, 8_000),
            batch(0, 1_000),
            batch(0, 0),
        ];
        let mut one = ArrowWriter::try_new(Vec::new(), Arc::clone(&schema), Some(properties())).expect("a writer");
        let mut by_bytes = 0;
        for batch in &batches {
            one.write(batch).expect("written");
            if one.in_progress_size() >= ends.bytes {
                by_bytes += 1;
                one.flush().expect("flushed");
            }
        }
        let groups = one.flushed_row_groups().len();
        assert!(
            by_bytes > 0 && groups > by_bytes,
            "{groups} row groups, {by_bytes} by their bytes"
        );
        let one = one.into_inner().expect("written");
        for threads in [1, 2, 3, 16] {
            let mut columns = Columns::new(Vec::new(), &schema, properties(), ends, threads).expect("a writer");
            for batch in &batches {
                columns.write(batch).expect("written");
            }
            assert_eq!(columns.finish().expect("written"), one, "{threads} threads");
        }
        let none = Columns::new(Vec::new(), &schema, properties(), ends, 2).expect("a writer");
        let empty = ArrowWriter::try_new(Vec::new(), schema, Some(properties())).expect("a writer");
        assert_eq!(none.finish().expect("written"), empty.into_inner().expect("written"));
    }

    #[test]
    fn one_that_fails_is_the_answer_and_the_rest_ends() {
        let done = AtomicUsize::new(0);
        let work = |item: usize| {
            done.fetch_add(1, Ordering::Relaxed);
            match item {
                70 => Err(ParquetError::General("no".to_owned())),
                item => Ok(item * 2),
            }
        };
        for threads in [1, 4] {
            let made = side_by_side(threads, (0..70).collect(), work).expect("made");
            assert_eq!(made, (0..70).map(|item| item * 2).collect::<Vec<_>>());
            let error = side_by_side(threads, (0..100).collect(), work).expect_err("a failure");
            assert!(error.to_string().contains("no"), "{error}");
        }
        assert!(done.load(Ordering::Relaxed) > 280);
        assert_eq!(side_by_side(4, vec![], work).expect("nothing"), [0; 0]);
    }
}
