//! Upkeep changes files, and nothing that anybody reads.

use std::path::PathBuf;

use super::model::Random;
use super::*;
use crate::offline::Changed;
use crate::offline::next::now_ms;

const DAY: i64 = 86_400_000_000;

/// With nothing running, so many days from now.
fn in_days(days: i64) -> Upkeep {
    Upkeep {
        now: Timestamp::from_micros(now_ms() * 1000 + days * DAY),
        orphans_after: Span::ZERO,
    }
}

fn day(n: i64) -> Interval {
    micros(n * DAY, (n + 1) * DAY)
}

/// The files below the table, without its log.
fn below(folder: &TempDir) -> Vec<String> {
    let root = folder.path().join("rows");
    let (mut files, mut folders) = (Vec::new(), vec![root.clone()]);
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).expect("a folder") {
            let path = entry.expect("an entry").path();
            match path.is_dir() {
                true => folders.push(path),
                false => files.push(path.strip_prefix(&root).expect("below").display().to_string()),
            }
        }
    }
    files.retain(|file| !file.starts_with("_delta_log/") || file.contains('#'));
    files.sort();
    files
}

/// What the newest version names: its files, and what the last attempts read.
async fn named(table: &OfflineTable) -> usize {
    table.files().len() + table.reads().await.expect("reads").len()
}

async fn daily(table: &OfflineTable, days: std::ops::Range<i64>) {
    for n in days {
        let job = job(table, day(n), &[(n * DAY, n), (n * DAY + 5, n)], 1).await;
        table.commit(vec![job]).await.expect("committed");
    }
}

fn rows_of(days: std::ops::Range<i64>) -> BTreeMap<(i64, i64), usize> {
    let rows: Vec<_> = days.flat_map(|n| [(n * DAY, n), (n * DAY + 5, n)]).collect();
    multiset(&rows)
}

#[tokio::test]
async fn months_that_are_over_become_one_file() {
    let folder = TempDir::new().expect("a folder");
    let table = table(&folder, Granularity::Month).await;
    daily(&table, 0..70).await;
    let (coverage, reads) = (table.coverage(), table.reads().await.expect("reads"));
    let before = table.version();
    let plan = opened(&folder).await.plan_upkeep(&in_days(0)).await.expect("planned");
    assert_eq!((plan.live.files, plan.merged.files, plan.after), (70, 59, None));
    assert_eq!(table.version(), before, "a plan writes nothing");
    let done = table.keep_up(&in_days(0)).await.expect("kept up");
    // January, February, and the eleven days of a month that goes on.
    assert_eq!((done.live.files, done.merged.files), (13, 59));
    assert_eq!(done.into.map(|into| into.files), Some(2));
    assert_eq!((done.merged, done.checkpoint), (plan.merged, true));
    let february: Vec<_> = table
        .files()
        .into_iter()
        .filter(|file| file.partition == "1970-02")
        .collect();
    assert_eq!((february.len(), february[0].rows), (1, Some(56)));
    for table in [&table, &opened(&folder).await] {
        assert_eq!(rows_in(table, None).await, rows_of(0..70));
        assert_eq!(rows_in(table, Some(day(33))).await, rows_of(33..34));
        assert_eq!(
            Coverage {
                version: before,
                ..table.coverage()
            },
            coverage
        );
        assert_eq!(table.reads().await.expect("reads"), reads);
        assert_eq!(
            table.changed_since(before - 1).await.expect("the log"),
            Some(Changed {
                intervals: vec![day(69)],
                ..Changed::default()
            })
        );
        assert_eq!(
            table.changed_since(before).await.expect("the log"),
            Some(Changed::default())
        );
    }
    // The commit says that no data changed.
    let path = folder.path().join(format!("rows/_delta_log/{:020}.json", before + 1));
    let entry = std::fs::read_to_string(path).expect("an entry");
    assert!(
        entry.contains("\"OPTIMIZE\"") && !entry.contains("\"dataChange\":true"),
        "{entry}"
    );
    let again = table.keep_up(&in_days(0)).await.expect("kept up");
    assert_eq!(
        (again.merged, again.checkpoint, again.expired, again.orphans),
        Default::default()
    );
    assert_eq!(Some(again.before), again.after);
    // Jobs go on, and may write days of a month that was merged.
    let redone = job(&table, day(33), &[(33 * DAY, 100)], 2).await;
    assert_eq!(table.commit(vec![redone]).await.expect("committed").rewritten, 1);
    table.keep_up(&in_days(0)).await.expect("kept up");
    let mut expected = rows_of(0..70);
    expected.retain(|(time, _), _| !day(33).contains(Timestamp::from_micros(*time)));
    expected.insert((33 * DAY, 100), 1);
    assert_eq!(rows_in(&table, None).await, expected);
}

#[tokio::test]
async fn what_was_removed_goes_when_its_retention_is_over() {
    let folder = TempDir::new().expect("a folder");
    let table = table(&folder, Granularity::Month).await;
    daily(&table, 0..40).await;
    let (old, rows) = (table.version(), rows_of(0..40));
    let again = job(&table, day(3), &[(3 * DAY, 7)], 2).await;
    table.commit(vec![again]).await.expect("committed");
    let now = rows_in(&table, None).await;
    for days in [0, 29] {
        let done = table.keep_up(&in_days(days)).await.expect("kept up");
        assert_eq!((done.expired, done.orphans), Default::default(), "{days} days");
        let before = OfflineTable::open_at(&location(&folder), Some(old))
            .await
            .expect("kept")
            .expect("there");
        assert_eq!(rows_in(&before, None).await, rows, "{days} days");
    }
    let done = table.keep_up(&in_days(31)).await.expect("kept up");
    // The day that was made again, the thirty days of January that were merged, and what the first attempt had read.
    assert_eq!((done.expired.files, done.orphans.files), (33, 0));
    assert_eq!(below(&folder).len(), named(&table).await);
    assert!(done.log_entries.is_some_and(|entries| entries > 30));
    for table in [&table, &opened(&folder).await] {
        assert_eq!(rows_in(table, None).await, now);
        assert_eq!(table.coverage().attempt(day(3)), Attempt::new(2));
        assert_eq!(table.coverage().done.len(), 40);
    }
    let gone = OfflineTable::open_at(&location(&folder), Some(3)).await;
    let gone = gone.expect_err("its entries are gone");
    assert!(gone.to_string().contains("version 3 is not kept any more"), "{gone}");
}

#[tokio::test]
async fn what_nobody_names_goes_when_it_is_old_enough() {
    let folder = TempDir::new().expect("a folder");
    let table = table(&folder, Granularity::Month).await;
    daily(&table, 0..3).await;
    let rows = folder.path().join("rows");
    // What jobs leave that are killed: staged files, halves of files, reads.
    job(&table, day(5), &[(5 * DAY, 1)], 1).await;
    let write = |path: &str| {
        let path = rows.join(path);
        std::fs::create_dir_all(path.parent().expect("a folder")).expect("made");
        std::fs::write(&path, "half").expect("written");
        path
    };
    let ours = [
        "__month=1970-01/part.parquet#3",
        "_delta_log/00000000000000000009.json#170141183460469231731687303715884105727",
        "_sandglass/reads/19700102T000000Z-19700103T000000Z-1-5.json",
        "_sandglass/reads/19700101T000000Z-19700102T000000Z-2-1.json#8",
    ];
    let ours: Vec<PathBuf> = ours.iter().map(|path| write(path)).collect();
    // And what others have put there.
    let foreign: Vec<PathBuf> = ["notes.txt", "_index/a", "_sandglass/other.json"]
        .iter()
        .map(|path| write(path))
        .collect();
    let careful = Upkeep {
        orphans_after: Span::DAY,
        ..in_days(0)
    };
    let done = table.keep_up(&careful).await.expect("kept up");
    assert_eq!(done.orphans, Size::default(), "a job may be about to commit them");
    assert!(ours.iter().all(|path| path.exists()));
    let plan = table.plan_upkeep(&in_days(0)).await.expect("planned");
    let done = table.keep_up(&in_days(0)).await.expect("kept up");
    assert_eq!((plan.orphans, done.orphans.files), (done.orphans, 5));
    assert!(!ours.iter().any(|path| path.exists()));
    assert!(foreign.iter().all(|path| path.exists()));
    assert_eq!(below(&folder).len(), named(&table).await + foreign.len());
    assert_eq!(rows_in(&table, None).await, rows_of(0..3));
}

#[tokio::test]
async fn a_job_whose_files_were_removed_is_not_committed() {
    let folder = TempDir::new().expect("a folder");
    let table = table(&folder, Granularity::Month).await;
    let slow = job(&table, day(5), &[(5 * DAY, 1)], 1).await;
    assert_eq!(table.keep_up(&in_days(0)).await.expect("kept up").orphans.files, 1);
    let lost = table.commit(vec![slow]).await.expect_err("its file is gone");
    assert_eq!(lost.kind(), Kind::Unavailable);
    assert!(
        lost.to_string()
            .ends_with("was removed before it was committed; run the job again"),
        "{lost}"
    );
    assert_eq!((table.version(), table.coverage().done.len()), (0, 0));
}

#[tokio::test]
async fn a_table_that_has_lost_a_file_is_left_alone() {
    let folder = TempDir::new().expect("a folder");
    let table = table(&folder, Granularity::Month).await;
    daily(&table, 0..3).await;
    job(&table, day(5), &[(5 * DAY, 1)], 1).await;
    let lost = folder.path().join("rows").join(&table.files()[0].path);
    std::fs::remove_file(lost).expect("removed");
    let files = below(&folder);
    let error = table.keep_up(&in_days(100)).await.expect_err("a file is missing");
    assert!(error.to_string().contains("is lost; nothing was removed"), "{error}");
    assert_eq!(below(&folder), files);
}

/// Some jobs take away what is being merged, some write beside it, and two upkeeps are in each other's way.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn beside_jobs_and_another_upkeep() {
    let folder = TempDir::new().expect("a folder");
    let table = table(&folder, Granularity::Month).await;
    daily(&table, 0..60).await;
    let mut at_work = Vec::new();
    for driver in 0..2 {
        let table = opened(&folder).await;
        at_work.push(tokio::spawn(async move {
            for n in 0..12 {
                let n = n * 5 + driver;
                let job = job(&table, day(n), &[(n * DAY, -n)], 2).await;
                table.commit(vec![job]).await.expect("no conflict");
            }
        }));
    }
    for _ in 0..2 {
        let table = opened(&folder).await;
        at_work.push(tokio::spawn(async move {
            let upkeep = Upkeep {
                orphans_after: Span::DAY,
                ..in_days(0)
            };
            for _ in 0..6 {
                // Whoever lists files while a job commits may be told to come again.
                if let Err(error) = table.keep_up(&upkeep).await {
                    assert_eq!(error.kind(), Kind::Unavailable, "{error}");
                }
            }
        }));
    }
    for work in at_work {
        work.await.expect("ended");
    }
    table.refresh().await.expect("refreshed");
    let mut expected: BTreeMap<(i64, i64), usize> = BTreeMap::new();
    for n in 0..60 {
        match n % 5 {
            0 | 1 => expected.insert((n * DAY, -n), 1),
            _ => {
                expected.insert((n * DAY, n), 1);
                expected.insert((n * DAY + 5, n), 1)
            }
        };
    }
    assert_eq!(rows_in(&table, None).await, expected);
    assert_eq!(table.coverage().done.len(), 60);
    table.keep_up(&in_days(0)).await.expect("kept up");
    table.keep_up(&in_days(31)).await.expect("kept up");
    assert_eq!(rows_in(&table, None).await, expected);
    assert_eq!(below(&folder).len(), named(&table).await);
    assert_eq!(table.files().len(), 3, "two months, and a day of the third");
}

/// Random jobs, overwrites and upkeeps against a map of the rows, and every version that is kept against what it held.
async fn keeps_what_is_read(partition: Granularity, seed: u64, unit: i64) -> u64 {
    let folder = TempDir::new().expect("a folder");
    let table = table(&folder, partition).await;
    let mut random = Random(seed);
    let mut model: Vec<(i64, i64)> = Vec::new();
    let mut attempts: BTreeMap<Interval, u64> = BTreeMap::new();
    let mut versions = vec![(0, multiset(&[]))];
    let (mut merged, mut expired) = (0, 0);
    for round in 0..50 {
        if random.below(4) > 0 {
            let start = random.below(60) * unit;
            let interval = micros(start, start + (1 + random.below(8)) * unit);
            let length = interval.end.micros() - start;
            let rows: Vec<_> = (0..random.below(12))
                .map(|n| (start + random.below(length), n))
                .collect();
            let attempt = attempts.entry(interval).and_modify(|last| *last += 1).or_insert(1);
            let job = job(&table, interval, &rows, *attempt).await;
            if random.below(10) == 0 {
                // Killed before its commit.
                *attempt -= 1;
                if *attempt == 0 {
                    attempts.remove(&interval);
                }
                continue;
            }
            model.retain(|(time, _)| !interval.contains(Timestamp::from_micros(*time)));
            model.extend(rows);
            table.commit(vec![job]).await.expect("committed");
        } else {
            let over = random.below(3) == 0;
            let keeper = opened(&folder).await;
            let done = keeper
                .keep_up(&in_days(if over { 31 } else { 0 }))
                .await
                .expect("kept up");
            merged += done.merged.files;
            expired += done.expired.files;
            if over {
                versions.clear();
            }
            let before = table.version();
            table.refresh().await.expect("refreshed");
            let changed = table.changed_since(before).await.expect("the log");
            assert!(
                changed.is_none_or(|changed| changed.is_empty()),
                "seed {seed}, round {round}"
            );
        }
        assert_eq!(
            rows_in(&table, None).await,
            multiset(&model),
            "seed {seed}, round {round}"
        );
        versions.push((table.version(), multiset(&model)));
        let (version, rows) = &versions[random.below(versions.len() as i64) as usize];
        let then = OfflineTable::open_at(&location(&folder), Some(*version)).await;
        let then = then.expect("kept").expect("there");
        assert_eq!(
            &rows_in(&then, None).await,
            rows,
            "seed {seed}, round {round}, version {version}"
        );
        let done: BTreeMap<_, _> = table
            .coverage()
            .done
            .iter()
            .map(|done| (done.interval, done.attempt.number()))
            .collect();
        assert_eq!(done, attempts, "seed {seed}, round {round}");
        assert_eq!(table.reads().await.expect("reads").len(), attempts.len());
    }
    for _ in 0..2 {
        expired += table.keep_up(&in_days(31)).await.expect("kept up").expired.files;
    }
    assert_eq!(below(&folder).len(), named(&table).await, "seed {seed}");
    assert_eq!(rows_in(&table, None).await, multiset(&model), "seed {seed}");
    merged.min(expired)
}

#[tokio::test]
async fn random_days() {
    let mut changed = 0;
    for seed in 1..4 {
        changed += keeps_what_is_read(Granularity::Month, seed, 3 * DAY).await;
    }
    assert!(changed > 20, "too tame: {changed}");
}

#[tokio::test]
async fn random_hours() {
    let mut changed = 0;
    for seed in 4..7 {
        changed += keeps_what_is_read(Granularity::Day, seed, 3 * 3_600_000_000).await;
    }
    assert!(changed > 10, "too tame: {changed}");
}
