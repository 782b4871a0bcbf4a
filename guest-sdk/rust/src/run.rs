use std::collections::VecDeque;
use std::rc::Rc;

use arrow_array::RecordBatch;
use arrow_schema::SchemaRef;

use crate::context::Context;
use crate::error::{Error, Result};
use crate::output::{Checked, Output};
use crate::rows::OUTPUT_ROWS;
use crate::transformation::{Scope, Transformation};

/// One run with a state of its own, for what the simple functions cannot do, such as streaming over an interval without
/// holding it: [`Builder::open`](crate::Builder::open). After each of the other calls `next` is called until it answers none.
///
/// ```
/// use sandglass_guest::prelude::*;
///
/// #[derive(Default)]
/// struct Total { end: i64, sum: f64, ready: Option<Output> }
///
/// impl Run for Total {
///     fn push(&mut self, _input: usize, batch: RecordBatch) -> Result<()> {
///         self.sum += batch.float64("amount")?.values().iter().sum::<f64>();
///         Ok(())
///     }
///     fn finish(&mut self) -> Result<()> {
///         let sum = Float64Array::from(vec![self.sum]);
///         self.ready = Some(Output::new(columns![timestamps([self.end - 1]), sum]));
///         Ok(())
///     }
///     fn next(&mut self) -> Result<Option<Output>> {
///         Ok(self.ready.take())
///     }
/// }
///
/// fn total() -> Transformation {
///     Transformation::interval("total")
///         .input(Input::new("rows", [column::float64("amount")]))
///         .output([column::timestamp("timestamp"), column::float64("total")])
///         .open(|context| Ok(Total { end: context.interval()?.end, ..Total::default() }))
/// }
/// let rows = testing::batch([("amount", array(Float64Array::from(vec![1.5, 2.0])))]);
/// let out = testing::Test::new(total()).run([rows]).unwrap();
/// assert_eq!(out.batch.float64("total").unwrap().value(0), 3.5);
/// ```
pub trait Run {
    /// Rows of an input.
    fn push(&mut self, input: usize, batch: RecordBatch) -> Result<()>;

    /// Keyed scope only: every row of the keys pushed so far is in, and none of them comes again.
    fn end_keys(&mut self) -> Result<()> {
        Ok(())
    }

    /// All rows are in.
    fn finish(&mut self) -> Result<()> {
        Ok(())
    }

    /// The next output, none if there is no more until the next call.
    fn next(&mut self) -> Result<Option<Output>>;
}

pub(crate) type Open = dyn Fn(&Transformation, &Context) -> Result<Box<dyn Run>>;

/// Drives a run, the same in a component and in a test, and holds its outputs to the contract.
pub(crate) struct Driver {
    transformation: Rc<Transformation>,
    lineage: bool,
    run: Box<dyn Run>,
    /// Rows of the batch last pushed, none after the other calls.
    rows_in: Option<u32>,
    /// Rows that came out since then.
    rows_out: usize,
    ready: VecDeque<Checked>,
}

impl Driver {
    pub(crate) fn open(transformation: Rc<Transformation>, context: Context) -> Result<Self> {
        let run = (transformation.open)(&transformation, &context)?;
        let is_per_row = matches!(transformation.scope, Scope::Aligned | Scope::Row);
        Ok(Self {
            transformation,
            lineage: context.lineage && is_per_row,
            run,
            rows_in: None,
            rows_out: 0,
            ready: VecDeque::new(),
        })
    }

    /// The columns of an input.
    pub(crate) fn columns(&self, input: u32) -> Result<SchemaRef> {
        let input = self.transformation.inputs.get(input as usize);
        input
            .map(|input| input.columns.clone())
            .ok_or_else(|| Error::new("there is no such input"))
    }

    pub(crate) fn push(&mut self, input: u32, batch: RecordBatch) -> Result<()> {
        (self.rows_in, self.rows_out) = (Some(batch.num_rows() as u32), 0);
        self.run.push(input as usize, batch)
    }

    pub(crate) fn end_keys(&mut self) -> Result<()> {
        if self.transformation.scope != Scope::Keyed {
            return Err(Error::new("end-keys outside the keyed scope"));
        }
        self.rows_in = None;
        self.run.end_keys()
    }

    pub(crate) fn finish(&mut self) -> Result<()> {
        self.rows_in = None;
        self.run.finish()
    }

    pub(crate) fn next(&mut self) -> Result<Option<Checked>> {
        loop {
            if let Some(ready) = self.ready.pop_front() {
                return Ok(Some(ready));
            }
            match self.run.next()? {
                Some(output) => self.give(output)?,
                None => return Ok(None),
            }
        }
    }

    /// What the host says of an aligned run that has been drained after a push: tests have no host.
    pub(crate) fn check_aligned(&self) -> Result<()> {
        match (self.transformation.scope, self.rows_in) {
            (Scope::Aligned, Some(rows_in)) if self.rows_out != rows_in as usize => {
                let rows_out = self.rows_out;
                Err(Error::new(format!(
                    "{rows_out} rows out for {rows_in} rows in; the aligned scope has one for each"
                )))
            }
            _ => Ok(()),
        }
    }

    fn give(&mut self, output: Output) -> Result<()> {
        let mut checked = output.check(&self.transformation.output)?;
        self.check_rejected(&checked)?;
        if self.lineage {
            let given = checked.source_rows.take();
            checked.source_rows = Some(self.source_rows(&checked, given)?);
        } else {
            checked.source_rows = None;
        }
        self.rows_out += checked.rows;
        if checked.rows > OUTPUT_ROWS {
            self.ready.extend(checked.split(OUTPUT_ROWS));
        } else if checked.rows > 0 || !checked.rejected.is_empty() {
            self.ready.push_back(checked);
        }
        Ok(())
    }

    fn check_rejected(&self, checked: &Checked) -> Result<()> {
        let Some((row, _)) = checked.rejected.last() else {
            return Ok(());
        };
        match (self.transformation.scope, self.rows_in) {
            (Scope::Row, Some(rows)) if *row < rows => Ok(()),
            (Scope::Row, rows) => Err(Error::new(format!(
                "rejected row {row} of a batch of {}",
                rows.unwrap_or(0)
            ))),
            _ => Err(Error::new(
                "only the row scope can reject rows: leave them out, or fail with `Error::input`",
            )),
        }
    }

    /// As given, or implied by one row out for each row in that was not rejected.
    fn source_rows(&self, checked: &Checked, given: Option<Vec<u32>>) -> Result<Vec<u32>> {
        let rows_in = self.rows_in.unwrap_or(0);
        let rows = checked.rows;
        if self.transformation.scope == Scope::Aligned {
            let from = self.rows_out as u32;
            return Ok((from..from.saturating_add(rows as u32)).collect());
        }
        let Some(given) = given else {
            let rejected = &checked.rejected;
            let is_rejected =
                |row: &u32| rejected.binary_search_by_key(row, |(row, _)| *row).is_ok();
            let implied: Vec<u32> = (0..rows_in).filter(|row| !is_rejected(row)).collect();
            if rows > 0 && (implied.len() != rows || self.rows_out > 0) {
                return Err(Error::new(format!(
                    "{rows} rows out for {} rows in: say which row each came from with `Output::source_rows`",
                    implied.len()
                )));
            }
            return Ok(implied[..rows].to_vec());
        };
        if given.len() != rows {
            let sources = given.len();
            return Err(Error::new(format!("{sources} source rows for {rows} rows")));
        }
        if !given.is_sorted() {
            return Err(Error::new("source rows that fall"));
        }
        if let Some(last) = given.last().filter(|last| **last >= rows_in) {
            return Err(Error::new(format!("source row {last} of {rows_in}")));
        }
        Ok(given)
    }
}

#[cfg(test)]
mod tests;
