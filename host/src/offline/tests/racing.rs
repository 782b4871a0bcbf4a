//! Several drivers on one table.

use super::*;

const DAY: i64 = 86_400_000_000;

fn day(n: i64) -> Interval {
    micros(n * DAY, (n + 1) * DAY)
}

#[tokio::test]
async fn one_job_twice() {
    let folder = TempDir::new().expect("a folder");
    let first = table(&folder, Granularity::Month).await;
    let second = opened(&folder).await;
    for attempt in 1..=5 {
        let one = job(&first, day(3), &[(3 * DAY, 1)], attempt).await;
        let two = job(&second, day(3), &[(3 * DAY, 2)], attempt).await;
        let (one, two) = tokio::join!(first.commit(vec![one]), second.commit(vec![two]));
        let (winner, lost) = match (one, two) {
            (Ok(_), Err(lost)) => (1, lost),
            (Err(lost), Ok(_)) => (2, lost),
            other => panic!("not exactly one has won: {other:?}"),
        };
        assert!(
            matches!(lost, OfflineError::Conflict { interval, .. } if interval == day(3)),
            "{lost}"
        );
        assert_eq!(lost.kind(), Kind::Conflict);
        first.refresh().await.expect("refreshed");
        assert_eq!(rows_in(&first, None).await, multiset(&[(3 * DAY, winner)]));
        assert_eq!(first.coverage().attempt(day(3)), Attempt::new(attempt));
        assert_eq!(first.reads().await.expect("reads").len(), 1);
    }
}

#[tokio::test]
async fn stale_attempts() {
    let folder = TempDir::new().expect("a folder");
    let table = table(&folder, Granularity::Month).await;
    let early = job(&table, day(0), &[], 2).await;
    let lost = table.commit(vec![early]).await.expect_err("there is no first");
    assert_eq!(lost.kind(), Kind::Conflict);
    assert!(
        lost.to_string()
            .ends_with("this is attempt 2, and the last in the log is none"),
        "{lost}"
    );
    assert_eq!(table.version(), 0);
    let first = job(&table, day(0), &[(1, 1)], 1).await;
    table.commit(vec![first.clone()]).await.expect("committed");
    let other = job(&table, day(1), &[(DAY, 1)], 1).await;
    let lost = table
        .commit(vec![other, first])
        .await
        .expect_err("the second of the two is done");
    assert_eq!(lost.kind(), Kind::Conflict);
    assert_eq!(
        rows_in(&table, None).await,
        multiset(&[(1, 1)]),
        "nothing of a commit that lost is seen"
    );
}

/// Each driver's days lie in one month, beside the others' and in files that all of them rewrite.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn different_jobs() {
    let folder = TempDir::new().expect("a folder");
    let table = table(&folder, Granularity::Month).await;
    let old: Vec<_> = (0..28).map(|n| (n * DAY + 5, 100)).collect();
    let all = job(&table, micros(0, 28 * DAY), &old, 1).await;
    table.commit(vec![all]).await.expect("committed");
    let mut drivers = Vec::new();
    for driver in 0..4 {
        let table = opened(&folder).await;
        drivers.push(tokio::spawn(async move {
            for n in 0..7 {
                let n = n * 4 + driver;
                let job = job(&table, day(n), &[(n * DAY, driver), (n * DAY + 1, driver)], 1).await;
                table.commit(vec![job]).await.expect("no conflict");
            }
        }));
    }
    for driver in drivers {
        driver.await.expect("ended");
    }
    table.refresh().await.expect("refreshed");
    let expected: Vec<_> = (0..28).flat_map(|n| [(n * DAY, n % 4), (n * DAY + 1, n % 4)]).collect();
    assert_eq!(rows_in(&table, None).await, multiset(&expected));
    assert_eq!(table.version(), 29);
    let coverage = table.coverage();
    assert_eq!(coverage.done.len(), 29);
    assert_eq!(coverage.union(), [micros(0, 28 * DAY)]);
    assert_eq!(coverage, opened(&folder).await.coverage());
}

#[tokio::test]
async fn creating_twice() {
    let folder = TempDir::new().expect("a folder");
    assert!(
        OfflineTable::open(&location(&folder))
            .await
            .expect("no table is no error")
            .is_none()
    );
    let place = location(&folder);
    let (one, two) = tokio::join!(
        OfflineTable::create(&place, spec(Granularity::Month)),
        OfflineTable::create(&place, spec(Granularity::Month))
    );
    let lost = match (one, two) {
        (Ok(_), Err(lost)) | (Err(lost), Ok(_)) => lost,
        other => panic!("not exactly one has won: {other:?}"),
    };
    assert_eq!(lost.kind(), Kind::Invalid, "{lost}");
    assert_eq!(opened(&folder).await.version(), 0);
}

/// What fails after the commit is in the log does not make it a failed commit.
#[tokio::test]
async fn a_checkpoint_that_fails() {
    let folder = TempDir::new().expect("a folder");
    let table = table(&folder, Granularity::Month).await;
    let in_its_way = folder
        .path()
        .join("rows/_delta_log/00000000000000000019.checkpoint.parquet/x");
    std::fs::create_dir_all(in_its_way).expect("a folder in its way");
    let mut troubles = Vec::new();
    for n in 0..25 {
        let job = job(&table, day(n), &[(n * DAY, n)], 1).await;
        let committed = table.commit(vec![job]).await.expect("committed");
        if committed.upkeep.is_some() {
            troubles.push(committed.version);
        }
    }
    assert_eq!(troubles, [19]);
    assert_eq!(table.coverage().done.len(), 25);
    assert_eq!(rows_in(&table, None).await.len(), 25);
}
