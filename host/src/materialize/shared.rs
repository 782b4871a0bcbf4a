use std::sync::Arc;

use datafusion::prelude::SessionContext;

use super::error::{MaterializeError, label};
use super::job::{JobReport, source_ranges};
use crate::plan::Job;
use crate::project::CompiledView;
use crate::source::{Hold, SharedScan, Wanted, Window};
use crate::time::Interval;

/// The inputs of neighbouring jobs, each source read once for all of them.
pub(super) struct SharedInputs {
    scans: Vec<SharedScan>,
    hold: Arc<Hold>,
}

/// Jobs in their order, cut where a source's ranges neither overlap nor touch: what lies between is nobody's to read.
pub(super) fn chains<'a>(compiled: &CompiledView, jobs: &'a [Job]) -> Vec<&'a [Job]> {
    let goes_on = |before: &Job, after: &Job| {
        let ranges = |job: &Job| source_ranges(&compiled.view, &compiled.inputs, job.interval);
        ranges(before).iter().zip(ranges(after)).all(|pair| match pair {
            (Some(before), Some(after)) => {
                before.start <= after.start && before.end <= after.end && after.start <= before.end
            }
            _ => true,
        })
    };
    jobs.chunk_by(goes_on).collect()
}

impl SharedInputs {
    /// Begins to read what the jobs of a chain need.
    pub(super) async fn open(
        session: &SessionContext,
        compiled: &CompiledView,
        chain: &[Job],
        memory_bytes_max: usize,
    ) -> Result<Self, MaterializeError> {
        let (Some(first), Some(last)) = (chain.first(), chain.last()) else {
            return Err(MaterializeError::Engine {
                label: compiled.view.name.clone(),
                message: "no jobs to read for".to_owned(),
            });
        };
        let whole = Interval {
            start: first.interval.start,
            end: last.interval.end,
        };
        let label = label(&compiled.view.name, whole);
        let hold = Hold::new(session.runtime_env(), memory_bytes_max);
        let mut scans = Vec::new();
        let ends = source_ranges(&compiled.view, &compiled.inputs, first.interval)
            .into_iter()
            .zip(source_ranges(&compiled.view, &compiled.inputs, last.interval));
        for (input, ((_, table), (first, last))) in compiled.inputs.iter().zip(ends).enumerate() {
            let range = first.zip(last).map(|(first, last)| Interval {
                start: first.start,
                end: last.end,
            });
            let (columns, keys) = compiled.wanted(input);
            let failed = |error| MaterializeError::Source {
                label: label.clone(),
                error,
            };
            let wanted = Wanted {
                columns,
                keys,
                range,
                and_time: true,
            };
            let scan = table.scan(session, wanted).await.map_err(failed)?;
            let scan = SharedScan::new(session, scan, Arc::clone(&hold));
            scans.push(scan.map_err(|error| MaterializeError::from_plan(&label, error))?);
        }
        Ok(Self { scans, hold })
    }

    /// The rows of the next job, for each input.
    pub(super) async fn windows(
        &mut self,
        compiled: &CompiledView,
        interval: Interval,
    ) -> Result<Vec<Window>, MaterializeError> {
        let mut windows = Vec::new();
        for (scan, range) in self
            .scans
            .iter_mut()
            .zip(source_ranges(&compiled.view, &compiled.inputs, interval))
        {
            let window = scan.window(range).await;
            windows.push(
                window.map_err(|error| MaterializeError::from_plan(&label(&compiled.view.name, interval), error))?,
            );
        }
        Ok(windows)
    }

    /// What was read so far.
    pub(super) fn report(&self) -> JobReport {
        let mut report = JobReport::default();
        for scan in &self.scans {
            report.source.add(&scan.counts());
            report.scan.add(&scan.metrics());
        }
        report.spilled_bytes = self.hold.spilled_bytes() as u64;
        report
    }
}
