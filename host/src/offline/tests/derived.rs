//! A table that is derived from another: here it holds the same rows.

use super::*;

const DAY: i64 = 86_400_000_000;

fn days(from: i64, to: i64) -> Interval {
    micros(from * DAY, to * DAY)
}

async fn derived(folder: &TempDir) -> OfflineTable {
    let location = folder.path().join("derived");
    let spec = TableSpec {
        derived: true,
        ..spec(Granularity::Month)
    };
    OfflineTable::create(location.to_str().expect("text"), spec)
        .await
        .expect("created")
}

/// What is derived of the newest rows of an interval, and the version that these are of.
async fn derive(rows: &OfflineTable, derived: &OfflineTable, interval: Interval, attempt: u64) -> (JobCommit, u64) {
    rows.refresh().await.expect("refreshed");
    let now: Vec<(i64, i64)> = rows_in(rows, Some(interval)).await.into_keys().collect();
    (job(derived, interval, &now, attempt).await, rows.version())
}

/// Whether the rows of an interval are those of a version.
async fn still(rows: &OfflineTable, interval: Interval, version: u64) -> Result<(), OfflineError> {
    rows.refresh().await?;
    let changed = rows.changed_since(version).await?.expect("the log is kept");
    match changed.intervals.iter().any(|changed| changed.overlaps(&interval)) {
        false => Ok(()),
        true => Err(OfflineError::Conflict {
            table: "derived".to_owned(),
            interval,
            reason: "changed".to_owned(),
        }),
    }
}

#[tokio::test]
async fn what_was_derived_of_older_rows_does_not_take_the_place_of_newer() {
    let folder = TempDir::new().expect("a folder");
    let rows = table(&folder, Granularity::Month).await;
    let derived = derived(&folder).await;
    let (month, day) = (days(0, 30), days(3, 4));
    let first = job(&rows, month, &[(DAY, 1), (3 * DAY, 1)], 1).await;
    rows.commit(vec![first]).await.expect("committed");
    let (slow, version) = derive(&rows, &derived, month, 1).await;
    // Meanwhile somebody writes a day of that month, and derives it.
    let again = job(&rows, day, &[(3 * DAY, 2)], 1).await;
    rows.commit(vec![again]).await.expect("committed");
    let (quick, newer) = derive(&rows, &derived, day, 1).await;
    let commit = derived.commit_derived(vec![quick], async || still(&rows, day, newer).await);
    commit.await.expect("committed");
    let lost = derived
        .commit_derived(vec![slow], async || still(&rows, month, version).await)
        .await
        .expect_err("its rows have changed");
    assert_eq!(lost.kind(), Kind::Conflict);
    assert_eq!(rows_in(&derived, None).await, multiset(&[(3 * DAY, 2)]));
    let (anew, version) = derive(&rows, &derived, month, 1).await;
    let commit = derived.commit_derived(vec![anew], async || still(&rows, month, version).await);
    commit.await.expect("committed");
    assert_eq!(rows_in(&derived, None).await, rows_in(&rows, None).await);
}

#[tokio::test]
async fn attempts_are_those_of_the_rows() {
    let folder = TempDir::new().expect("a folder");
    let derived = derived(&folder).await;
    let commit = async |attempt: u64, key: i64| {
        let job = job(&derived, days(0, 1), &[(0, key)], attempt).await;
        derived.commit_derived(vec![job], async || Ok(())).await
    };
    // Attempts that were never derived are passed over.
    commit(1, 1).await.expect("the first");
    commit(4, 4).await.expect("a later one");
    for attempt in [3, 4] {
        let lost = commit(attempt, attempt as i64 + 10).await.expect_err("there already");
        assert_eq!(lost.kind(), Kind::Conflict);
    }
    assert_eq!(derived.coverage().attempt(days(0, 1)), Attempt::new(4));
    assert_eq!(rows_in(&derived, None).await, multiset(&[(0, 4)]));
}

#[tokio::test]
async fn only_derived_tables_have_columns_of_ours() {
    let folder = TempDir::new().expect("a folder");
    let fields = vec![
        Field::new("key", DataType::Int64, true),
        Field::new("__start", time_type(), false),
    ];
    let ours = |derived: bool| TableSpec {
        schema: Arc::new(Schema::new(fields.clone())),
        time_column: "__start".to_owned(),
        derived,
        ..spec(Granularity::Month)
    };
    let refused = OfflineTable::create(&location(&folder), ours(false)).await;
    let text = refused.expect_err("ours").to_string();
    assert!(
        text.contains("column `__start`: names that begin with `__` are ours"),
        "{text}"
    );
    OfflineTable::create(&location(&folder), ours(true))
        .await
        .expect("created");
}
