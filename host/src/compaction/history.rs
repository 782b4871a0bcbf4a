//! Passes that were made: a line of JSON each in a file beside the tables of a view's version. They are for people and for
//! estimates; nothing that is served depends on them.

use std::fs::OpenOptions;
use std::io::Write;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::report::Compacted;
use crate::price::Consumed;
use crate::time::Timestamp;

/// A file that is longer loses its older half.
const BYTES_MAX: u64 = 1 << 20;

/// A pass, as it is remembered.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct KeptPass {
    /// When.
    pub at: Timestamp,
    /// Where the windows end since.
    pub through: Timestamp,
    /// Rows that jobs of the same command committed.
    pub rows_staged: u64,
    /// Writes that a store would have taken that is written row by row, without those that it took.
    pub writes_saved: u64,
    /// How long it took.
    pub seconds: f64,
    /// What the store cost, if it is a service that is paid for by the request.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cost: Option<PassCost>,
    /// What it did.
    #[serde(flatten)]
    pub compacted: Compacted,
}

/// What a pass cost.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PassCost {
    /// In dollars.
    pub dollars: f64,
    /// In dollars, as it was expected before; none if that could not be told.
    pub planned_dollars: Option<f64>,
    /// As the service told it.
    #[serde(flatten)]
    pub consumed: Consumed,
}

/// The passes of a view's version.
#[derive(Debug, Clone)]
pub struct PassHistory {
    /// Where they are.
    pub file: PathBuf,
}

impl PassHistory {
    /// Remembers a pass.
    pub fn put(&self, pass: &KeptPass) -> std::io::Result<()> {
        if let Some(folder) = self.file.parent() {
            std::fs::create_dir_all(folder)?;
        }
        if std::fs::metadata(&self.file).is_ok_and(|file| file.len() > BYTES_MAX) {
            let kept = self.passes();
            let mut text = Vec::new();
            for pass in kept.iter().skip(kept.len() / 2) {
                line(pass, &mut text)?;
            }
            let shorter = self.file.with_extension("jsonl.tmp");
            std::fs::write(&shorter, text)?;
            std::fs::rename(shorter, &self.file)?;
        }
        // A pass that was cut short by a crash may have left half a line; this one begins its own.
        let mut text = vec![b'\n'];
        line(pass, &mut text)?;
        OpenOptions::new()
            .create(true)
            .append(true)
            .open(&self.file)?
            .write_all(&text)
    }

    /// Those that are kept, in the order in which they were made. A line that is no pass is left out.
    pub fn passes(&self) -> Vec<KeptPass> {
        let text = std::fs::read_to_string(&self.file).unwrap_or_default();
        let lines = text.lines().filter(|line| !line.is_empty());
        lines.filter_map(|line| serde_json::from_str(line).ok()).collect()
    }
}

fn line(pass: &KeptPass, out: &mut Vec<u8>) -> std::io::Result<()> {
    serde_json::to_writer(&mut *out, pass)?;
    out.push(b'\n');
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::compaction::{Pass, Report};

    fn pass(number: i64) -> KeptPass {
        KeptPass {
            at: Timestamp::from_micros(number),
            through: Timestamp::from_micros(0),
            cost: None,
            rows_staged: 5,
            writes_saved: 3,
            seconds: 0.5,
            compacted: Compacted {
                pass: Pass::Changed,
                report: Report {
                    keys_affected: Some(2),
                    ..Report::default()
                },
            },
        }
    }

    #[test]
    fn passes_are_kept_in_order_and_half_a_line_harms_none() {
        let folder = tempfile::tempdir().expect("a folder");
        let history = PassHistory {
            file: folder.path().join("v1/passes.jsonl"),
        };
        assert_eq!(history.passes(), []);
        history.put(&pass(1)).expect("written");
        let mut file = OpenOptions::new().append(true).open(&history.file).expect("the file");
        file.write_all(b"{\"at\":").expect("written");
        history.put(&pass(2)).expect("written");
        assert_eq!(history.passes(), [pass(1), pass(2)]);
    }

    #[test]
    fn the_older_half_goes_when_there_are_too_many() {
        let folder = tempfile::tempdir().expect("a folder");
        let history = PassHistory {
            file: folder.path().join("passes.jsonl"),
        };
        let mut text = Vec::new();
        let mut count = 0;
        while (text.len() as u64) <= BYTES_MAX {
            line(&pass(count), &mut text).expect("JSON");
            count += 1;
        }
        std::fs::write(&history.file, text).expect("written");
        history.put(&pass(count)).expect("written");
        let kept = history.passes();
        assert_eq!(kept.len() as i64, count - count / 2 + 1);
        assert_eq!(kept.last(), Some(&pass(count)));
    }
}
