//! What a job leaves out of a source and why, from names of folders and footers alone: nothing is run.

use std::collections::BTreeMap;

use serde::Serialize;

use super::footer::{self, RowGroup};
use super::group::Kind;
use super::table::{Contents, Skip, SourceTable};
use super::{Extent, SourceFile};
use crate::time::Interval;

/// Of so many, so many are left out.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Skipped {
    /// All of them.
    pub total: u64,
    /// Those that are left out.
    pub skipped: u64,
}

/// What is left out of a source for one range.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Explained {
    /// Folders that have a time.
    pub partitions: Skipped,
    /// Files, those in folders among them.
    pub files: Skipped,
    /// Their bytes.
    pub bytes: Skipped,
    /// Row groups of the Parquet files that are opened.
    pub row_groups: Skipped,
    /// Rows of the row groups that are read; those that are left out lie in pages of their own.
    pub page_rows: Skipped,
    /// Why, in words.
    pub reasons: Vec<String>,
}

/// Pages of files that have been looked at; of more files than this they are not.
#[derive(Default)]
pub struct Pages {
    files: BTreeMap<usize, Vec<Vec<RowGroup>>>,
}

const FILES_WITH_PAGES_MAX: usize = 1_000;

/// Files that are named one by one; of the others it is said how many they are.
const NAMED: usize = 5;

impl Explained {
    /// Adds up two jobs.
    pub fn add(&mut self, other: &Self) {
        let Self {
            partitions,
            files,
            bytes,
            row_groups,
            page_rows,
            reasons: _,
        } = other;
        for (own, other) in [
            (&mut self.partitions, partitions),
            (&mut self.files, files),
            (&mut self.bytes, bytes),
            (&mut self.row_groups, row_groups),
            (&mut self.page_rows, page_rows),
        ] {
            own.total += other.total;
            own.skipped += other.skipped;
        }
    }
}

impl Skipped {
    fn count(&mut self, amount: u64, skipped: bool) {
        self.total += amount;
        self.skipped += if skipped { amount } else { 0 };
    }
}

/// Files that are left out for one kind of reason, the first of them by name.
#[derive(Default)]
struct Alike {
    named: Vec<String>,
    more: usize,
}

impl Alike {
    fn add(&mut self, line: impl FnOnce() -> String) {
        if self.named.len() < NAMED {
            self.named.push(line());
        } else {
            self.more += 1;
        }
    }

    fn lines(self, what: &str) -> impl Iterator<Item = String> {
        let more = (self.more > 0).then(|| format!("and {} more {what}", self.more));
        self.named.into_iter().chain(more)
    }
}

impl SourceTable {
    /// What a job over the range leaves out; none reads everything.
    pub fn explain(&self, range: Option<Interval>, pages: &mut Pages) -> Explained {
        let mut explained = Explained::default();
        let mut folders: BTreeMap<&str, Option<Interval>> = BTreeMap::new();
        let (mut of_files, mut of_groups, mut of_pages) = (Alike::default(), Alike::default(), Alike::default());
        for (index, (file, contents)) in self.files().enumerate() {
            let skip = self.skip(file, contents, range);
            explained.files.count(1, skip.is_some());
            explained.bytes.count(file.size_bytes, skip.is_some());
            if file.partition.range.is_some() {
                let skipped = match skip {
                    Some(Skip::Folder(widened)) => Some(widened),
                    _ => None,
                };
                folders.insert(&file.partition.folder, skipped);
            }
            match (skip, range) {
                (Some(Skip::Rows(extent)), Some(range)) => {
                    of_files.add(|| format!("file {}: {}", self.below(file), self.lies(extent, range)));
                }
                (None, Some(range)) => {
                    let name = || self.below(file);
                    self.row_groups(contents, range, &name, &mut explained, &mut of_groups);
                    self.pages(index, file, contents, range, pages, &mut explained, &mut of_pages);
                }
                _ => {
                    let groups = u64::try_from(contents.row_groups.len()).unwrap_or(0);
                    explained
                        .row_groups
                        .count(if skip.is_none() { groups } else { 0 }, false);
                }
            }
        }
        let mut of_folders = Alike::default();
        for (folder, skipped) in &folders {
            explained.partitions.count(1, skipped.is_some());
            if let (Some(widened), Some(range)) = (skipped, range) {
                let side = if widened.end <= range.start {
                    format!("lies before {}", range.start)
                } else {
                    format!("lies at or after {}", range.end)
                };
                of_folders.add(|| format!("folder {folder}: {widened} {side}"));
            }
        }
        explained.reasons = of_folders
            .lines("folders")
            .chain(of_files.lines("files"))
            .chain(of_groups.lines("files with row groups"))
            .chain(of_pages.lines("files with pages"))
            .collect();
        explained
    }

    /// A file as it lies in the source.
    fn below(&self, file: &SourceFile) -> String {
        let name = file.place.name();
        match file.partition.folder.as_str() {
            "" => name.into_owned(),
            folder => format!("{folder}/{name}"),
        }
    }

    fn lies(&self, extent: Extent, range: Interval) -> String {
        let side = if extent.last < range.start {
            format!("lies before {}", range.start)
        } else {
            format!("lies at or after {}", range.end)
        };
        format!("{} {} to {} {side}", self.time_column, extent.first, extent.last)
    }

    fn row_groups(
        &self,
        contents: &Contents,
        range: Interval,
        name: &dyn Fn() -> String,
        explained: &mut Explained,
        reasons: &mut Alike,
    ) {
        let mut skipped: Option<(u64, Extent)> = None;
        for group in &contents.row_groups {
            let out = group.extent.filter(|extent| !extent.meets(range));
            explained.row_groups.count(1, out.is_some());
            if let Some(extent) = out {
                skipped = Some(skipped.map_or((1, extent), |(count, all)| (count + 1, all.and(extent))));
            }
        }
        if let Some((count, extent)) = skipped {
            let all = contents.row_groups.len();
            reasons.add(|| {
                format!(
                    "file {}: {count} of {all} row groups, {} {} to {}, do not meet {range}",
                    name(),
                    self.time_column,
                    extent.first,
                    extent.last
                )
            });
        }
    }

    #[expect(clippy::too_many_arguments, reason = "what one loop over files fills")]
    fn pages(
        &self,
        index: usize,
        file: &SourceFile,
        contents: &Contents,
        range: Interval,
        pages: &mut Pages,
        explained: &mut Explained,
        reasons: &mut Alike,
    ) {
        let group = contents.group.and_then(|group| self.groups.get(group));
        let Some((group, (column, _, kind))) = group.and_then(|group| Some((group, group.time.as_ref()?))) else {
            return;
        };
        let (Kind::Parquet, Some(field)) = (&group.kind, group.schema.fields().get(*column)) else {
            return;
        };
        if pages.files.len() >= FILES_WITH_PAGES_MAX && !pages.files.contains_key(&index) {
            return;
        }
        let known = pages.files.entry(index).or_insert_with(|| {
            // What cannot be read is an error of the job, and nothing that is left out.
            footer::pages(file, field.name(), kind).unwrap_or_default()
        });
        let mut own = Skipped::default();
        for (group, pages) in contents.row_groups.iter().zip(known.iter()) {
            if group.extent.is_some_and(|extent| !extent.meets(range)) {
                continue;
            }
            for page in pages {
                own.count(page.rows, page.extent.is_some_and(|extent| !extent.meets(range)));
            }
        }
        explained.page_rows.total += own.total;
        explained.page_rows.skipped += own.skipped;
        if own.skipped > 0 {
            reasons.add(|| {
                format!(
                    "file {}: {} of {} rows lie in pages that do not meet {range}",
                    self.below(file),
                    own.skipped,
                    own.total
                )
            });
        }
    }
}
