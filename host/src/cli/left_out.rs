//! `plan --explain`: what the next jobs leave out of their sources, and why.

use serde_json::{Value, json};

use crate::plan::Job;
use crate::project::CompiledView;
use crate::source::{Explained, Pages, Skipped, SourceTable};
use crate::time::Interval;

/// Jobs that are shown one by one.
const JOBS: usize = 20;
/// Where there are more jobs than this, what they leave out is only counted.
const REASONED: usize = 3;

/// A view's jobs, as text and as an object.
pub(crate) fn view(compiled: &CompiledView, jobs: &[Job]) -> (String, Value) {
    let mut text = format!("\nfeature view `{}`\n", compiled.view.name);
    let mut sources = Vec::new();
    for (place, table) in &compiled.inputs {
        let used = compiled.view.sources.get(*place);
        let mut pages = Pages::default();
        let mut total = Explained::default();
        let mut shown = Vec::new();
        text.push_str(&format!("  source `{}`: {}\n", table.name(), what(table)));
        if used.is_some_and(|used| used.unfiltered) {
            text.push_str("    unfiltered: each job reads all of it\n");
        }
        for (index, job) in jobs.iter().enumerate() {
            let range = used.and_then(|used| compiled.view.source_range(used, job.interval));
            let mut explained = table.explain(range, &mut pages);
            total.add(&explained);
            if index >= JOBS {
                continue;
            }
            if jobs.len() > REASONED {
                explained.reasons.clear();
            }
            text.push_str(&format!("    {}: {}\n", reads(job.interval, range), counts(&explained)));
            for reason in &explained.reasons {
                text.push_str(&format!("      {reason}\n"));
            }
            shown.push(json!({
                "start": job.interval.start,
                "end": job.interval.end,
                "reads": range,
                "skipped": explained,
            }));
        }
        if jobs.len() > JOBS {
            text.push_str(&format!("    and {} more jobs\n", jobs.len() - JOBS));
        }
        match jobs.len() {
            0 => text.push_str("    no jobs are left\n"),
            1 => {}
            several => text.push_str(&format!("    all {several} jobs: {}\n", counts(&total))),
        }
        sources.push(json!({
            "source": table.name(),
            "format": table.format(),
            "version": table.version(),
            "files": table.files().count(),
            "jobs": shown,
            "total": total,
        }));
    }
    (text, Value::Array(sources))
}

fn what(table: &SourceTable) -> String {
    let (files, bytes) = table.files().fold((0_u64, 0_u64), |(files, bytes), (file, _)| {
        (files + 1, bytes + file.size_bytes)
    });
    let version = table
        .version()
        .map_or(String::new(), |version| format!(" version {version}"));
    let plural = if files == 1 { "" } else { "s" };
    format!(
        "{}{version}, {files} file{plural} of {bytes} bytes",
        table.format().name()
    )
}

fn reads(interval: Interval, range: Option<Interval>) -> String {
    match range {
        Some(range) if range != interval => format!("{interval}, reads {range}"),
        _ => interval.to_string(),
    }
}

/// What is left out of what there is; what there is none of is not mentioned.
fn counts(explained: &Explained) -> String {
    let Explained {
        partitions,
        files,
        bytes,
        row_groups,
        page_rows,
        reasons: _,
    } = explained;
    let all = [
        ("folders", partitions),
        ("files", files),
        ("bytes", bytes),
        ("row groups of the files read", row_groups),
        ("rows of the row groups read, by their pages", page_rows),
    ];
    let parts: Vec<_> = all
        .iter()
        .filter(|(_, Skipped { total, .. })| *total > 0)
        .map(|(name, Skipped { total, skipped })| format!("{skipped} of {total} {name}"))
        .collect();
    if parts.is_empty() {
        "there are no files".to_owned()
    } else {
        format!("skips {}", parts.join(", "))
    }
}
