//! What a run returns is held to its contract before anybody sees it.

use super::{EMPTY_OUTPUTS_MAX, Output, Rejection, Run};
use crate::bindings::sandglass::transform::types as wit;
use crate::contract::Scope;
use crate::failure::RunError;
use crate::lift::lift_batch;
use crate::limits::Limit;
use crate::text;

impl Run {
    pub(super) fn check(&mut self, output: wit::Output) -> Result<Output, RunError> {
        let broken = |message: String| RunError::Contract { message, call: "next" };
        let wit::Output {
            batch,
            source_rows,
            rejected,
        } = output;
        let rows = u64::from(batch.rows);
        let buffers = batch.buffers.iter().map(Vec::len);
        let messages = rejected.iter().map(|rejection| rejection.message.len());
        let bytes: u64 = buffers.chain(messages).map(|bytes| bytes as u64).sum();
        let usage = &mut self.instance.usage;
        usage.rows_out += rows;
        usage.bytes_out += bytes;
        usage.rows_rejected += rejected.len() as u64;
        let limits = &self.instance.limits;
        for (limit, used, allowed) in [
            (Limit::OutputRows, usage.rows_out, limits.output_rows),
            (Limit::OutputBytes, usage.bytes_out, limits.output_bytes),
        ] {
            if used > allowed {
                return Err(RunError::Limit {
                    limit,
                    used,
                    allowed,
                    call: "next",
                    log: None,
                });
            }
        }
        self.empty_outputs = if rows == 0 && rejected.is_empty() {
            self.empty_outputs + 1
        } else {
            0
        };
        if self.empty_outputs > EMPTY_OUTPUTS_MAX {
            return Err(broken(format!(
                "{} outputs without a row, one after another",
                self.empty_outputs
            )));
        }
        if self.finished && self.contract.scope == Scope::Row && rows > 0 {
            return Err(broken(format!(
                "{rows} rows after `finish`, in the row scope, where each comes from a row of the batch last pushed"
            )));
        }
        let batch = lift_batch(&self.contract.output, batch, &self.last_texts).map_err(broken)?;
        let source_rows = self.check_source_rows(source_rows, batch.num_rows()).map_err(broken)?;
        let rejected = self.check_rejected(rejected).map_err(broken)?;
        if self.contract.scope == Scope::Aligned {
            if !rejected.is_empty() {
                return Err(broken(
                    "rejected rows in the aligned scope, which has one row out for each row in".into(),
                ));
            }
            let first = u64::from(self.last_rows).saturating_sub(self.aligned_rows);
            self.aligned_rows = self
                .aligned_rows
                .checked_sub(rows)
                .ok_or_else(|| broken("more rows came out than went in, in the aligned scope".to_owned()))?;
            let mut all = (first..).zip(source_rows.iter().flatten());
            if let Some((due, row)) = all.find(|(due, row)| *due != u64::from(**row)) {
                return Err(broken(format!(
                    "source row {row} where row {due} is due, in the aligned scope"
                )));
            }
        }
        Ok(Output {
            batch,
            source_rows,
            rejected,
        })
    }

    fn check_source_rows(&mut self, source_rows: Option<Vec<u32>>, rows: usize) -> Result<Option<Vec<u32>>, String> {
        if !self.context.lineage {
            return Ok(None);
        }
        let Some(source_rows) = source_rows else {
            return if rows == 0 {
                Ok(Some(Vec::new()))
            } else {
                Err("no source rows, and they were asked for".to_owned())
            };
        };
        if source_rows.len() != rows {
            return Err(format!("{} source rows for {rows} rows", source_rows.len()));
        }
        for &row in &source_rows {
            if row >= self.last_rows {
                return Err(format!(
                    "source row {row}, the batch last pushed has {}",
                    self.last_rows
                ));
            }
            if row < self.last_source_row {
                return Err(format!("source row {row} after {}", self.last_source_row));
            }
            self.last_source_row = row;
        }
        Ok(Some(source_rows))
    }

    fn check_rejected(&mut self, rejected: Vec<wit::Rejection>) -> Result<Vec<Rejection>, String> {
        rejected
            .into_iter()
            .map(|wit::Rejection { row, message }| {
                if row >= self.last_rows {
                    return Err(format!(
                        "rejected row {row}, the batch last pushed has {}",
                        self.last_rows
                    ));
                }
                if !self.rejected_rows.insert(row) {
                    return Err(format!("row {row} is rejected twice"));
                }
                Ok(Rejection {
                    row,
                    message: text::message(&message),
                })
            })
            .collect()
    }
}
