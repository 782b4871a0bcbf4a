//! What is forgotten is in no file, and everything else is where it was.

use std::path::{Path, PathBuf};

use arrow::array::{ArrayRef, BooleanArray};
use arrow::error::ArrowError;
use deltalake::parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;

use super::*;
use crate::offline::Changed;

const DAY: i64 = 86_400_000_000;

struct Key(i64);

impl Chosen for Key {
    fn columns(&self) -> Vec<String> {
        vec!["key".to_owned()]
    }

    fn of(&self, batch: &RecordBatch) -> Result<BooleanArray, ArrowError> {
        let keys = batch
            .column_by_name("key")
            .expect("the column")
            .as_primitive::<Int64Type>();
        Ok(keys.iter().map(|key| Some(key == Some(self.0))).collect())
    }

    fn values(&self) -> Vec<(String, ArrayRef)> {
        vec![("key".to_owned(), Arc::new(Int64Array::from(vec![self.0])))]
    }
}

fn key(key: i64) -> Arc<dyn Chosen> {
    Arc::new(Key(key))
}

fn day(n: i64) -> Interval {
    micros(n * DAY, (n + 1) * DAY)
}

/// A file of rows a day; key 7 has a row on every third.
async fn daily(table: &OfflineTable, days: i64, attempt: u64) -> Vec<(i64, i64)> {
    let mut all = Vec::new();
    for n in 0..days {
        let mut rows = vec![(n * DAY, 100 + n), (n * DAY + 1, 6), (n * DAY + 1, 8)];
        if n % 3 == 0 {
            rows.push((n * DAY + 2, 7));
        }
        let job = job(table, day(n), &rows, attempt).await;
        table.commit(vec![job]).await.expect("committed");
        all.extend(rows);
    }
    all
}

/// Files of rows below the table, whatever the log says, and those of them that hold a key.
fn files(folder: &TempDir, key: i64) -> (usize, Vec<PathBuf>) {
    let root = folder.path().join("rows");
    let of = |folder: &Path| -> Vec<PathBuf> {
        std::fs::read_dir(folder)
            .expect("a folder")
            .map(|entry| entry.expect("an entry").path())
            .collect()
    };
    let partitions = of(&root)
        .into_iter()
        .filter(|path| path.display().to_string().contains("__month="));
    let files: Vec<PathBuf> = partitions.flat_map(|partition| of(&partition)).collect();
    let holds = |path: &PathBuf| {
        let file = std::fs::File::open(path).expect("a file");
        let rows = ParquetRecordBatchReaderBuilder::try_new(file)
            .expect("Parquet")
            .build()
            .expect("rows");
        rows.into_iter().any(|batch| {
            let batch = batch.expect("rows");
            let keys = batch
                .column_by_name("key")
                .expect("the column")
                .as_primitive::<Int64Type>();
            keys.values().contains(&key)
        })
    };
    (files.len(), files.into_iter().filter(holds).collect())
}

#[tokio::test]
async fn in_no_file_and_everything_else_stays() {
    let folder = TempDir::new().expect("a folder");
    let table = table(&folder, Granularity::Month).await;
    daily(&table, 40, 1).await;
    let rows = daily(&table, 40, 2).await;
    // Staged by a job that was killed.
    job(&table, day(50), &[(50 * DAY, 7)], 1).await;
    job(&table, day(51), &[(51 * DAY, 8)], 1).await;
    let (coverage, reads, before) = (table.coverage(), table.reads().await.expect("reads"), table.version());
    let reader = opened(&folder).await;

    let held = files(&folder, 7).1.len();
    assert_eq!(held, 14 * 2 + 1);
    let plan = reader.plan_forget(&key(7), Span::ZERO).await.expect("planned");
    assert_eq!(
        (plan.rows, plan.rewritten.files, plan.deleted.files, plan.left.files),
        (14, 14, 29, 0)
    );
    assert_eq!(files(&folder, 7).1.len(), held, "a plan removes nothing");
    let done = table.forget(&key(7), Span::ZERO).await.expect("forgotten");
    assert_eq!(
        (done, done.version),
        (
            Forgotten {
                version: done.version,
                ..plan
            },
            Some(before + 1)
        )
    );
    assert_eq!(files(&folder, 7).1, Vec::<PathBuf>::new());
    assert_eq!(files(&folder, 8).1.len(), 40 * 2 + 1 - 14, "files without the key stay");

    let mut left = rows.clone();
    left.retain(|(_, key)| *key != 7);
    for table in [&table, &opened(&folder).await] {
        assert_eq!(rows_in(table, None).await, multiset(&left));
        assert_eq!(
            Coverage {
                version: before,
                ..table.coverage()
            },
            coverage
        );
        assert_eq!(table.reads().await.expect("reads"), reads);
        // Whoever makes something of rows that are forgotten has to make it anew.
        let changed = table.changed_since(before).await.expect("the log").expect("kept");
        assert_eq!(
            changed.intervals,
            [
                interval("1970-01-01", "1970-02-01"),
                interval("1970-02-01", "1970-03-01")
            ]
        );
        assert_eq!(
            table.changed_since(before + 1).await.expect("the log"),
            Some(Changed::default())
        );
    }
    // A version that had it cannot be read any more, and says so.
    assert!(reader.missing_file().await.expect("looked for").is_some());
    let again = table.forget(&key(7), Span::ZERO).await.expect("nothing left");
    assert_eq!((again, table.version()), (Forgotten::default(), before + 1));
    assert_eq!(
        table.forget(&key(1_000), Span::ZERO).await.expect("unknown"),
        Forgotten::default()
    );
    // Jobs go on, and upkeep finds nothing that is not right.
    let next = job(&table, day(40), &[(40 * DAY, 8)], 1).await;
    table.commit(vec![next]).await.expect("committed");
    let upkeep = Upkeep {
        now: Timestamp::from_micros(i64::MAX / 2),
        orphans_after: Span::ZERO,
    };
    table.keep_up(&upkeep).await.expect("kept up");
    left.push((40 * DAY, 8));
    assert_eq!(rows_in(&table, None).await, multiset(&left));
}

/// The commit is in the log and the old files are still there; or only some of them are.
#[tokio::test]
async fn cut_off_and_finished() {
    let folder = TempDir::new().expect("a folder");
    let table = table(&folder, Granularity::Month).await;
    let mut rows = daily(&table, 9, 1).await;
    let done = table.rewrite_without(&key(7)).await.expect("written anew");
    assert_eq!((done.rows, done.rewritten.files), (3, 3));
    let held = files(&folder, 7).1;
    assert_eq!(held.len(), 3);
    std::fs::remove_file(&held[0]).expect("removed");
    let finished = opened(&folder)
        .await
        .forget(&key(7), Span::DAY)
        .await
        .expect("finished");
    assert_eq!((finished.rows, finished.deleted.files, finished.version), (0, 2, None));
    assert!(files(&folder, 7).1.is_empty());
    rows.retain(|(_, key)| *key != 7);
    assert_eq!(rows_in(&opened(&folder).await, None).await, multiset(&rows));
}

#[tokio::test]
async fn what_a_running_job_may_have_staged_is_told() {
    let folder = TempDir::new().expect("a folder");
    let table = table(&folder, Granularity::Month).await;
    daily(&table, 3, 1).await;
    let staged = job(&table, day(5), &[(5 * DAY, 7)], 1).await;
    job(&table, day(6), &[(6 * DAY, 8)], 1).await;
    let half = folder.path().join("rows/__month=1970-01/part.parquet#12");
    std::fs::write(&half, "half").expect("written");
    let done = table.forget(&key(7), Span::DAY).await.expect("forgotten");
    assert_eq!((done.rows, done.deleted.files, done.left.files), (1, 1, 2));
    table.commit(vec![staged]).await.expect("its file is there");
    assert_eq!(table.forget(&key(7), Span::DAY).await.expect("forgotten").rows, 1);
    assert_eq!(
        table
            .forget(&key(7), Span::ZERO)
            .await
            .expect("forgotten")
            .deleted
            .files,
        1
    );
    assert!(!half.exists() && files(&folder, 7).1.is_empty());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn beside_jobs_and_upkeep() {
    let folder = TempDir::new().expect("a folder");
    let table = table(&folder, Granularity::Month).await;
    daily(&table, 36, 1).await;
    let jobs = {
        let table = opened(&folder).await;
        tokio::spawn(async move {
            for n in 0..12 {
                let job = job(&table, day(3 * n), &[(3 * n * DAY, 200 + n)], 2).await;
                table.commit(vec![job]).await.expect("no conflict");
            }
        })
    };
    let upkeep = {
        let table = opened(&folder).await;
        tokio::spawn(async move {
            for _ in 0..5 {
                let upkeep = Upkeep {
                    now: Timestamp::from_micros(0),
                    orphans_after: Span::DAY,
                };
                if let Err(error) = table.keep_up(&upkeep).await {
                    assert_eq!(error.kind(), Kind::Unavailable, "{error}");
                }
            }
        })
    };
    let keys = {
        let table = opened(&folder).await;
        tokio::spawn(async move {
            for n in [7, 8, 101, 8] {
                table.forget(&key(n), Span::DAY).await.expect("forgotten");
            }
        })
    };
    for work in [jobs, upkeep, keys] {
        work.await.expect("ended");
    }
    for n in [7, 8, 101] {
        table.forget(&key(n), Span::ZERO).await.expect("forgotten");
        assert!(files(&folder, n).1.is_empty(), "{n}");
    }
    let mut expected = Vec::new();
    for n in 0..36 {
        match n % 3 {
            0 => expected.push((n * DAY, 200 + n / 3)),
            _ => expected.extend([(n * DAY, 100 + n), (n * DAY + 1, 6)]),
        }
    }
    expected.retain(|(_, key)| *key != 101);
    table.refresh().await.expect("refreshed");
    assert_eq!(rows_in(&table, None).await, multiset(&expected));
    assert_eq!(table.coverage().done.len(), 36);
}
