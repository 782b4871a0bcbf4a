use serde::{Deserialize, Serialize};

use crate::error::Kind;
use crate::offline::{Attempt, Coverage};
use crate::plan::gaps;
use crate::storage::{Place, StorageError};
use crate::time::{Interval, Timestamp};

/// A job that failed, as it is remembered until it succeeds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FailedJob {
    /// What it was to make.
    pub interval: Interval,
    /// Which attempt it was.
    pub attempt: Attempt,
    /// When.
    pub at: Timestamp,
    /// Whose it is to fix.
    pub kind: String,
    /// Why it failed.
    pub message: String,
    /// Whether its interval was materialized before, and was to be again.
    pub overwrites: bool,
}

impl FailedJob {
    /// The failure of the next attempt at an interval.
    pub fn new(interval: Interval, coverage: &Coverage, at: Timestamp, kind: Kind, message: String) -> Self {
        Self {
            interval,
            attempt: coverage.next_attempt(interval),
            at,
            kind: kind.name().to_owned(),
            message,
            overwrites: is_covered(interval, coverage),
        }
    }

    /// Whether it has been made good: by a later attempt, or by jobs that were cut in another way.
    fn is_made_good(&self, coverage: &Coverage) -> bool {
        let later = coverage.attempt(self.interval).is_some_and(|done| done >= self.attempt);
        later || (!self.overwrites && is_covered(self.interval, coverage))
    }
}

fn is_covered(interval: Interval, coverage: &Coverage) -> bool {
    gaps(interval, &coverage.union()).is_empty()
}

/// The failed jobs of a view's version: a file for each interval beside its table. They are for people, and no plan depends on
/// them.
#[derive(Debug, Clone)]
pub struct FailedJobs {
    /// Where they are.
    pub folder: Place,
}

impl FailedJobs {
    /// Remembers a failure, in the place of an earlier one of the same interval.
    pub fn put(&self, job: &FailedJob) -> Result<(), StorageError> {
        let place = self.place(job.interval);
        let bytes = serde_json::to_vec(job).map_err(|error| place.unfit(error))?;
        place.put(&bytes)
    }

    /// The failures that no later attempt has made good, by interval; those that it has are forgotten. A file that is no failure
    /// is left out.
    pub fn open(&self, coverage: &Coverage) -> Result<Vec<FailedJob>, StorageError> {
        let mut open = Vec::new();
        for (place, job) in self.all()? {
            if job.is_made_good(coverage) {
                // If it cannot be removed, it is seen through again next time.
                let _ = place.remove();
            } else {
                open.push(job);
            }
        }
        open.sort_by_key(|job| job.interval);
        Ok(open)
    }

    /// Takes rows out of the messages of failures: whose they are cannot be told of what was cut off. Says how many there were.
    pub fn forget_rows(&self) -> Result<usize, StorageError> {
        let mut count = 0;
        for (_, mut job) in self.all()? {
            if let Some(place) = job.message.find("row {") {
                job.message.replace_range(place.., "a row that was forgotten");
                self.put(&job)?;
                count += 1;
            }
        }
        Ok(count)
    }

    fn all(&self) -> Result<Vec<(Place, FailedJob)>, StorageError> {
        let mut all = Vec::new();
        for name in self.folder.names()?.into_iter().filter(|name| name.ends_with(".json")) {
            let place = self.folder.join(&name);
            let job = place.read()?.and_then(|bytes| serde_json::from_slice(&bytes).ok());
            all.extend(job.map(|job| (place, job)));
        }
        Ok(all)
    }

    fn place(&self, interval: Interval) -> Place {
        let (start, end) = (interval.start.micros(), interval.end.micros());
        self.folder.join(&format!("{start}-{end}.json"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::offline::Done;

    #[test]
    fn a_failure_is_open_until_a_later_attempt_succeeds() {
        let folder = tempfile::tempdir().expect("a folder");
        let failed = FailedJobs {
            folder: Place::from(folder.path()).join("failed"),
        };
        let nothing = Coverage {
            version: 0,
            done: Vec::new(),
        };
        assert!(failed.open(&nothing).expect("read").is_empty());
        let at = Timestamp::from_micros;
        let between = |start, end| Interval {
            start: at(start),
            end: at(end),
        };
        let done = |interval, attempt| Done { interval, attempt };
        let covered = |done: Vec<Done>| Coverage { version: 1, done };
        let first = |start, end| done(between(start, end), Attempt::FIRST);
        let job = |coverage: &Coverage, message: &str| {
            FailedJob::new(between(0, 2), coverage, at(5), Kind::Guest, message.to_owned())
        };
        failed.put(&job(&nothing, "first")).expect("written");
        failed.put(&job(&nothing, "then")).expect("written");
        std::fs::write(folder.path().join("failed/other.json"), "{").expect("written");
        assert_eq!(failed.open(&nothing).expect("read"), [job(&nothing, "then")]);
        assert_eq!(
            failed.open(&covered(vec![first(0, 1)])).expect("read").len(),
            1,
            "half of it"
        );
        let row = "feature view `v`: row {\"id\":7} of input `rows`: no";
        failed.put(&job(&nothing, row)).expect("written");
        assert_eq!(failed.forget_rows().expect("forgotten"), 1);
        assert_eq!(
            failed.open(&nothing).expect("read")[0].message,
            "feature view `v`: a row that was forgotten"
        );
        assert_eq!(failed.forget_rows().expect("nothing left"), 0);
        // By jobs that were cut in another way.
        assert!(
            failed
                .open(&covered(vec![first(0, 1), first(1, 2)]))
                .expect("read")
                .is_empty()
        );
        assert!(failed.open(&nothing).expect("read").is_empty(), "forgotten");
        // An overwrite that failed: what was there before is not its success.
        let before = covered(vec![first(0, 2)]);
        failed.put(&job(&before, "again")).expect("written");
        assert_eq!(failed.open(&before).expect("read"), [job(&before, "again")]);
        let after = covered(vec![done(between(0, 2), Attempt::FIRST.next())]);
        assert!(failed.open(&after).expect("read").is_empty());
    }
}
