use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::{
    Array, ArrayRef, ArrowPrimitiveType, PrimitiveArray, RecordBatch, TimestampMicrosecondArray,
};
use arrow_schema::{DataType, SchemaRef};

use crate::error::{Error, Result};
use crate::retain::Kept;
use crate::schema::{alike, children, kind_name, names};

/// Rows that a transformation returns, all columns of one length.
#[derive(Debug, Clone, Default)]
pub struct Output {
    columns: Option<Given>,
    source_rows: Option<Vec<u32>>,
    rejected: Vec<(u32, String)>,
}

#[derive(Debug, Clone)]
enum Given {
    InOrder(Vec<ArrayRef>),
    ByName(RecordBatch),
    Kept(RecordBatch, Kept),
}

/// Any array, as [`columns!`](crate::columns) takes it.
pub fn array(array: impl Array + 'static) -> ArrayRef {
    Arc::new(array)
}

/// A column of times, in microseconds since 1970.
pub fn timestamps(micros: impl IntoIterator<Item = i64>) -> TimestampMicrosecondArray {
    TimestampMicrosecondArray::from_iter_values(micros).with_timezone("UTC")
}

impl Output {
    /// These columns, in the contract's order.
    pub fn new(columns: Vec<ArrayRef>) -> Self {
        Self {
            columns: Some(Given::InOrder(columns)),
            ..Self::default()
        }
    }

    /// The columns of a batch, found by the names in the contract; others are left out.
    pub fn batch(batch: RecordBatch) -> Self {
        Self {
            columns: Some(Given::ByName(batch)),
            ..Self::default()
        }
    }

    /// The rows of a batch that `keep` is true for, and that they are where they came from. The columns are found by the names
    /// in the contract. They are made when the batch itself is gone, in its own memory, and without a branch on the data:
    /// this is the fastest filter.
    ///
    /// ```
    /// use sandglass_guest::prelude::*;
    ///
    /// let dear = Transformation::row("dear")
    ///     .input(Input::new("purchases", [column::utf8("name").nullable(), column::float64("amount")]))
    ///     .output([column::utf8("name").nullable(), column::float64("amount")])
    ///     .run(|_, batch| {
    ///         let amounts = batch.float64("amount")?.values();
    ///         Ok(Output::retain(batch, |row| amounts[row] > 5.0))
    ///     });
    /// # let rows = testing::batch([
    /// #     ("name", array(StringArray::from(vec![Some("a"), Some("b"), None]))),
    /// #     ("amount", array(Float64Array::from(vec![1.0, 9.0, 6.0]))),
    /// # ]);
    /// # let out = testing::Test::new(dear).run([rows]).unwrap();
    /// # assert_eq!(out.batch.float64("amount").unwrap().values(), &[9.0, 6.0]);
    /// # assert_eq!(out.source_rows, Some(vec![1, 2]));
    /// ```
    #[inline]
    pub fn retain(batch: &RecordBatch, keep: impl FnMut(usize) -> bool) -> Self {
        Self::kept(batch, Kept::of(batch.num_rows() as u32, keep))
    }

    /// As [`retain`](Self::retain), for rows that one column decides on: twice as fast, as its values are looked at side by
    /// side. Where it is null the row does not stay, and `keep` is called with whatever lies there.
    ///
    /// ```
    /// # use sandglass_guest::prelude::*;
    /// let dear = Transformation::row("dear")
    ///     .input(Input::new("purchases", [column::float64("amount").nullable()]))
    ///     .output([column::float64("amount")])
    ///     .run(|_, batch| Ok(Output::retain_by(batch, batch.float64("amount")?, |amount| amount > 5.0)));
    /// # let rows = testing::batch([("amount", array(Float64Array::from(vec![Some(1.0), None, Some(6.0)])))]);
    /// # let out = testing::Test::new(dear).run([rows]).unwrap();
    /// # assert_eq!(out.batch.float64("amount").unwrap().values(), &[6.0]);
    /// # assert_eq!(out.source_rows, Some(vec![2]));
    /// ```
    ///
    /// # Panics
    /// The column is not one of the batch's, but of another length.
    #[inline]
    pub fn retain_by<T: ArrowPrimitiveType>(
        batch: &RecordBatch,
        column: &PrimitiveArray<T>,
        keep: impl FnMut(T::Native) -> bool,
    ) -> Self {
        assert_eq!(
            column.len(),
            batch.num_rows(),
            "a column of another length than the batch"
        );
        Self::kept(batch, Kept::of_values(column, keep))
    }

    fn kept(batch: &RecordBatch, kept: Kept) -> Self {
        Self {
            columns: Some(Given::Kept(batch.clone(), kept)),
            ..Self::default()
        }
    }

    /// No rows.
    pub fn none() -> Self {
        Self::default()
    }

    /// For each row out the row of the batch that it came from, rising. Left out, there is one row out for each row in that
    /// was not rejected.
    pub fn source_rows(mut self, rows: Vec<u32>) -> Self {
        self.source_rows = Some(rows);
        self
    }

    /// A row of the batch that cannot be used, and why; in the row scope only. The run goes on.
    pub fn reject(mut self, row: u32, reason: impl Into<String>) -> Self {
        self.rejected.push((row, reason.into()));
        self
    }

    pub(crate) fn rows(&self) -> usize {
        match &self.columns {
            None => 0,
            Some(Given::InOrder(columns)) => columns.first().map_or(0, |column| column.len()),
            Some(Given::ByName(batch)) => batch.num_rows(),
            Some(Given::Kept(_, kept)) => kept.len(),
        }
    }

    /// Compares with the contract, names what differs.
    pub(crate) fn check(self, schema: &SchemaRef) -> Result<Checked> {
        let rows = self.rows();
        let Self {
            columns,
            mut source_rows,
            mut rejected,
        } = self;
        rejected.sort_by_key(|(row, _)| *row);
        let in_output = |error: Error| Error::new(format!("output: {}", error.message));
        let columns = match columns {
            None => RecordBatch::new_empty(Arc::clone(schema))
                .columns()
                .to_vec(),
            Some(Given::InOrder(columns)) => columns,
            Some(Given::ByName(batch)) => by_name(schema, &batch).map_err(in_output)?,
            Some(Given::Kept(batch, kept)) => {
                let columns = by_name(schema, &batch).map_err(in_output)?;
                drop(batch);
                let columns = columns.into_iter().map(|column| kept.column(column));
                let columns = columns.collect::<Result<_>>()?;
                source_rows.get_or_insert_with(|| kept.into_rows());
                columns
            }
        };
        conform(schema, &columns, rows).map_err(in_output)?;
        Ok(Checked {
            schema: Arc::clone(schema),
            columns,
            rows,
            source_rows,
            rejected,
        })
    }
}

/// A field inside of a column that has nulls where the contract says that it has none.
fn null_inside(contract: &DataType, array: &ArrayRef) -> Option<String> {
    let wanted = children(contract);
    if wanted.is_empty() {
        return None;
    }
    let have = children(array.data_type()).into_iter();
    let arrays = match array.data_type() {
        DataType::List(_) => vec![array.as_list::<i32>().values().clone()],
        DataType::FixedSizeList(..) => vec![array.as_fixed_size_list().values().clone()],
        DataType::Struct(_) => array.as_struct().columns().to_vec(),
        DataType::Map(..) => vec![
            array.as_map().keys().clone(),
            array.as_map().values().clone(),
        ],
        _ => Vec::new(),
    };
    // Where the array's own type says that there are none, arrow has looked.
    let mut inside = wanted.into_iter().zip(have).zip(&arrays);
    inside.find_map(|((wanted, have), array)| {
        if !wanted.is_nullable() && have.is_nullable() && array.null_count() > 0 {
            return Some(wanted.name().clone());
        }
        null_inside(wanted.data_type(), array)
    })
}

/// Compares columns with the contract's.
pub(crate) fn conform(schema: &SchemaRef, columns: &[ArrayRef], rows: usize) -> Result<()> {
    if columns.len() != schema.fields().len() {
        let (have, want) = (columns.len(), schema.fields().len());
        return Err(Error::new(format!(
            "{have} columns, there should be {want}: {}",
            names(schema)
        )));
    }
    for (field, column) in schema.fields().iter().zip(columns) {
        let wrong = |what: String| Error::new(format!("column `{}` {what}", field.name()));
        if !alike(field.data_type(), column.data_type()) {
            let (have, want) = (kind_name(column.data_type()), kind_name(field.data_type()));
            return Err(wrong(format!("is {have}, the contract says {want}")));
        }
        if column.len() != rows {
            let length = column.len();
            return Err(wrong(format!("has {length} rows, the first has {rows}")));
        }
        if !field.is_nullable() && column.logical_null_count() > 0 {
            return Err(wrong(format!(
                "has {} nulls, the contract says that it has none",
                column.logical_null_count()
            )));
        }
        if let Some(inside) = null_inside(field.data_type(), column) {
            return Err(wrong(format!(
                "has nulls in its `{inside}`, the contract says that it has none"
            )));
        }
    }
    Ok(())
}

/// The columns of a batch in the order of the contract's.
pub(crate) fn by_name(schema: &SchemaRef, batch: &RecordBatch) -> Result<Vec<ArrayRef>> {
    let columns = schema.fields().iter().map(|field| {
        let name = field.name();
        batch.column_by_name(name).cloned().ok_or_else(|| {
            let there = names(batch.schema_ref());
            Error::new(format!("column `{name}` is missing; there are {there}"))
        })
    });
    columns.collect()
}

/// Rows as the contract has them.
#[derive(Debug, Clone)]
pub(crate) struct Checked {
    pub(crate) schema: SchemaRef,
    pub(crate) columns: Vec<ArrayRef>,
    pub(crate) rows: usize,
    pub(crate) source_rows: Option<Vec<u32>>,
    pub(crate) rejected: Vec<(u32, String)>,
}

impl Checked {
    /// Parts of at most so many rows; rejected rows go with the first.
    pub(crate) fn split(mut self, rows_max: usize) -> Vec<Self> {
        let starts = (0..self.rows).step_by(rows_max);
        let part = |from: usize| {
            let rows = rows_max.min(self.rows - from);
            let columns = self.columns.iter();
            let sources = self.source_rows.as_ref();
            Self {
                schema: Arc::clone(&self.schema),
                columns: columns.map(|column| column.slice(from, rows)).collect(),
                rows,
                source_rows: sources.map(|sources| sources[from..from + rows].to_vec()),
                rejected: Vec::new(),
            }
        };
        let mut parts: Vec<_> = starts.map(part).collect();
        parts[0].rejected = std::mem::take(&mut self.rejected);
        parts
    }
}
