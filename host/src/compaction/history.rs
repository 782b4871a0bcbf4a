//! Passes that were made: a line of JSON each in a file beside the tables of a view's version. They are for people and for
//! estimates; nothing that is served depends on them.

use serde::{Deserialize, Serialize};

use super::report::Compacted;
use crate::price::Consumed;
use crate::storage::{Place, StorageError};
use crate::time::Timestamp;

/// A file that is longer loses its older half.
const BYTES_MAX: usize = 1 << 20;

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
    pub file: Place,
}

impl PassHistory {
    /// Remembers a pass.
    pub fn put(&self, pass: &KeptPass) -> Result<(), StorageError> {
        let unfit = |error| self.file.unfit(error);
        // A pass that was cut short by a crash may have left half a line; this one begins its own.
        let mut text = vec![b'\n'];
        line(pass, &mut text).map_err(unfit)?;
        let before = self.file.read()?.unwrap_or_default();
        if before.len() <= BYTES_MAX {
            return self.file.append(&text);
        }
        let kept = read(&before);
        let mut shorter = Vec::new();
        for pass in kept.iter().skip(kept.len() / 2) {
            line(pass, &mut shorter).map_err(unfit)?;
        }
        shorter.extend(text);
        self.file.put(&shorter)
    }

    /// Those that are kept, in the order in which they were made. A line that is no pass is left out.
    pub fn passes(&self) -> Result<Vec<KeptPass>, StorageError> {
        Ok(read(&self.file.read()?.unwrap_or_default()))
    }
}

fn read(text: &[u8]) -> Vec<KeptPass> {
    let lines = text.split(|byte| *byte == b'\n').filter(|line| !line.is_empty());
    lines.filter_map(|line| serde_json::from_slice(line).ok()).collect()
}

fn line(pass: &KeptPass, out: &mut Vec<u8>) -> serde_json::Result<()> {
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
            file: Place::from(folder.path()).join("v1/passes.jsonl"),
        };
        assert_eq!(history.passes().expect("read"), []);
        history.put(&pass(1)).expect("written");
        history.file.append(b"{\"at\":").expect("written");
        history.put(&pass(2)).expect("written");
        assert_eq!(history.passes().expect("read"), [pass(1), pass(2)]);
    }

    #[test]
    fn the_older_half_goes_when_there_are_too_many() {
        let folder = tempfile::tempdir().expect("a folder");
        let history = PassHistory {
            file: Place::from(folder.path()).join("passes.jsonl"),
        };
        let mut text = Vec::new();
        let mut count = 0;
        while text.len() <= BYTES_MAX {
            line(&pass(count), &mut text).expect("JSON");
            count += 1;
        }
        history.file.put(&text).expect("written");
        history.put(&pass(count)).expect("written");
        let kept = history.passes().expect("read");
        assert_eq!(kept.len() as i64, count - count / 2 + 1);
        assert_eq!(kept.last(), Some(&pass(count)));
    }
}
