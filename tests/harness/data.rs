use std::fs::File;
use std::path::Path;
use std::sync::Arc;

use arrow::array::{ArrayRef, AsArray, Float64Array, Int64Array, RecordBatch, TimestampMicrosecondArray};
use arrow::datatypes::{Float64Type, Int64Type, TimestampMicrosecondType};
use parquet::arrow::ArrowWriter;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use parquet::file::properties::WriterProperties;

/// A purchase.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Row {
    pub customer_id: i64,
    pub timestamp: i64,
    pub quantity: i64,
    pub amount: f64,
}

/// The purchases of the example, in the order of the file.
pub fn purchases() -> Vec<Row> {
    let path = super::repository().join("examples/purchases/data/purchases.parquet");
    let reader = ParquetRecordBatchReaderBuilder::try_new(File::open(path).unwrap())
        .unwrap()
        .build()
        .unwrap();
    let mut rows = Vec::new();
    for batch in reader {
        let batch = batch.unwrap();
        let numbers = |name: &str| batch.column_by_name(name).unwrap().as_primitive::<Int64Type>().clone();
        let times = batch
            .column_by_name("timestamp")
            .unwrap()
            .as_primitive::<TimestampMicrosecondType>()
            .clone();
        let amounts = batch
            .column_by_name("amount")
            .unwrap()
            .as_primitive::<Float64Type>()
            .clone();
        let (ids, quantities) = (numbers("customer_id"), numbers("quantity"));
        rows.extend((0..batch.num_rows()).map(|row| Row {
            customer_id: ids.value(row),
            timestamp: times.value(row),
            quantity: quantities.value(row),
            amount: amounts.value(row),
        }));
    }
    rows
}

/// Writes rows to a Parquet file, in row groups of so many rows.
pub fn write_rows(path: &Path, rows: &[Row], row_group: usize) {
    write_pages(path, rows, row_group, 20_000);
}

/// Writes rows to a Parquet file, in row groups and pages of so many rows.
pub fn write_pages(path: &Path, rows: &[Row], row_group: usize, page: usize) {
    let times = TimestampMicrosecondArray::from_iter_values(rows.iter().map(|row| row.timestamp)).with_timezone("UTC");
    let columns: [(&str, ArrayRef); 4] = [
        (
            "customer_id",
            Arc::new(Int64Array::from_iter_values(rows.iter().map(|row| row.customer_id))),
        ),
        ("timestamp", Arc::new(times)),
        (
            "quantity",
            Arc::new(Int64Array::from_iter_values(rows.iter().map(|row| row.quantity))),
        ),
        (
            "amount",
            Arc::new(Float64Array::from_iter_values(rows.iter().map(|row| row.amount))),
        ),
    ];
    let batch = RecordBatch::try_from_iter(columns).unwrap();
    let properties = WriterProperties::builder()
        .set_max_row_group_row_count(Some(row_group))
        .set_data_page_row_count_limit(page)
        .set_write_batch_size(page.min(1_024))
        .build();
    let mut writer = ArrowWriter::try_new(File::create(path).unwrap(), batch.schema(), Some(properties)).unwrap();
    writer.write(&batch).unwrap();
    writer.close().unwrap();
}
