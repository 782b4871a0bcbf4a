//! Upkeep of a table: its small files merged, its log shortened, files that nobody reads any more removed. What its rows, its coverage
//! and its attempts are stays as it is.
//!
//! 1. [`plan_merges`] decides which files are merged, [`merge`] writes them anew and puts them in the place of the old ones. A job that
//!    commits meanwhile wins: what it took away is not merged.
//! 2. [`checkpoint`] sums up the log where its tail is long, and removes entries that are older than the table's retention.
//! 3. [`vacuum`] says what may go of all that lies below the table, and it goes.
//!
//! Laws: every version of the table within its retention reads the same before and after; a crash at any point leaves the table as it was
//! or as it is to be, and files that the next upkeep removes.

mod checkpoint;
mod inventory;
mod merge;
mod plan_merges;
mod vacuum;

use serde::Serialize;

pub(super) use self::inventory::{Stored, delete, list};
use self::merge::merge;
use self::vacuum::{Known, Rules, Why};
pub(super) use self::vacuum::{Lies, is_unfinished, known};
use super::next::now_ms;
use super::{OfflineError, OfflineTable};
use crate::time::{Span, Timestamp};

/// Entries behind the last checkpoint that are left to be read one by one. Each costs a reader a request.
const TAIL_ENTRIES: u64 = 4;

/// How often files are looked for anew because jobs took some of them away.
const ROUNDS: usize = 10;

/// How old things are.
#[derive(Debug, Clone, Copy)]
pub struct Upkeep {
    /// The time, for retention: what was removed longer ago than the table keeps it goes.
    pub now: Timestamp,
    /// How old a file has to be that the log does not name, by the machine's clock: what a running job has staged looks the same as
    /// what a killed one left.
    pub orphans_after: Span,
}

/// Files and their bytes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Size {
    /// How many.
    pub files: u64,
    /// Their bytes.
    pub bytes: u64,
}

impl Size {
    pub(super) fn add(&mut self, bytes: u64) {
        self.files += 1;
        self.bytes += bytes;
    }

    pub(super) fn of<'a>(files: impl IntoIterator<Item = &'a Stored>) -> Self {
        let mut size = Self::default();
        files.into_iter().for_each(|file| size.add(file.size));
        size
    }

    /// Both together.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        Self {
            files: self.files + other.files,
            bytes: self.bytes + other.bytes,
        }
    }
}

/// What upkeep did to a table, or would do.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct UpkeepReport {
    /// All that lies below the table.
    pub before: Size,
    /// The same afterwards; none if nothing was done.
    pub after: Option<Size>,
    /// Files of its current version.
    pub live: Size,
    /// Files that were merged.
    pub merged: Size,
    /// What they were merged into; none if nothing was done.
    pub into: Option<Size>,
    /// Files that were removed from the table longer ago than it keeps them, and what superseded attempts had read.
    pub expired: Size,
    /// Files that nobody names.
    pub orphans: Size,
    /// Whether the log was summed up.
    pub checkpoint: bool,
    /// Entries of the log that were removed; none if nothing was done.
    pub log_entries: Option<u64>,
}

impl OfflineTable {
    /// What upkeep would do now.
    pub async fn plan_upkeep(&self, upkeep: &Upkeep) -> Result<UpkeepReport, OfflineError> {
        self.refresh().await?;
        let mut report = UpkeepReport {
            live: self.live(),
            checkpoint: checkpoint::tail(self).await? > TAIL_ENTRIES,
            ..UpkeepReport::default()
        };
        for merge in plan_merges::of(self, &self.state())? {
            report.merged = report.merged.and(merge.size());
        }
        let (files, doomed) = self.doomed(upkeep).await?;
        report.before = Size::of(&files);
        (report.expired, report.orphans) = sizes(&doomed);
        Ok(report)
    }

    /// Merges, sums up, removes.
    pub async fn keep_up(&self, upkeep: &Upkeep) -> Result<UpkeepReport, OfflineError> {
        let mut report = UpkeepReport {
            before: Size::of(&list(self).await?),
            ..UpkeepReport::default()
        };
        let mut into = Size::default();
        for _ in 0..ROUNDS {
            self.refresh().await?;
            let merges = plan_merges::of(self, &self.state())?;
            if merges.is_empty() {
                break;
            }
            let done = merge(self, merges).await?;
            report.merged = report.merged.and(done.merged);
            into = into.and(done.into);
            if !done.again {
                break;
            }
        }
        report.into = Some(into);
        report.checkpoint = checkpoint::tail(self).await? > TAIL_ENTRIES;
        if report.checkpoint {
            checkpoint::write(self).await?;
        }
        report.log_entries = Some(checkpoint::clean_up(self, upkeep.now).await?);
        let (_, doomed) = self.doomed(upkeep).await?;
        (report.expired, report.orphans) = sizes(&doomed);
        delete(self, doomed.into_iter().map(|(file, _)| file.path).collect()).await?;
        report.live = self.live();
        report.after = Some(Size::of(&list(self).await?));
        Ok(report)
    }

    /// All that lies below the table, and what of it goes.
    async fn doomed(&self, upkeep: &Upkeep) -> Result<(Vec<Stored>, Vec<(Stored, Why)>), OfflineError> {
        let (files, known) = self.told().await?;
        let rules = Rules {
            removed_by: upkeep.now.saturating_sub(checkpoint::file_retention(self)),
            orphaned_by: Timestamp::from_micros(now_ms().saturating_mul(1000)).saturating_sub(upkeep.orphans_after),
        };
        let doomed = files
            .iter()
            .filter_map(|file| Some((file.clone(), vacuum::fate(file, &known, &rules)?)));
        let doomed = doomed.collect();
        Ok((files, doomed))
    }

    /// Files, and what the log says of them, which is read after they were listed: what a job commits in between is named. A file of
    /// the newest version that is not in the list has been written since, or it is lost: then nothing may go.
    async fn told(&self) -> Result<(Vec<Stored>, Known), OfflineError> {
        let mut missed: Option<String> = None;
        for _ in 0..ROUNDS {
            let files = list(self).await?;
            let known = known(self).await?;
            let Some(missing) = known.missing(&files) else {
                return Ok((files, known));
            };
            if missed.as_ref() == Some(missing) {
                let reason = format!("{missing}, a file of its current version, is lost; nothing was removed");
                return Err(OfflineError::corrupt(self.name(), reason));
            }
            missed = Some(missing.clone());
        }
        Err(OfflineError::Unavailable {
            table: self.name().to_owned(),
            reason: format!("jobs have committed {ROUNDS} times while its files were listed"),
            source: None,
        })
    }

    fn live(&self) -> Size {
        let mut size = Size::default();
        self.files().iter().for_each(|file| size.add(file.size));
        size
    }
}

fn sizes(doomed: &[(Stored, Why)]) -> (Size, Size) {
    let of = |orphans: bool| {
        let files = doomed.iter().filter(|(_, why)| (*why == Why::Orphan) == orphans);
        Size::of(files.map(|(file, _)| file))
    };
    (of(false), of(true))
}
