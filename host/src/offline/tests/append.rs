//! Rows that come to those that are there, and columns that come to tables.

use super::*;

const DAY: i64 = 86_400_000_000;

async fn append(table: &OfflineTable, rows: &[(i64, i64)]) -> Committed {
    let staged = table.stage(micros(0, 100 * DAY), stream(batch(rows))).await;
    table.append(staged.expect("staged")).await.expect("appended")
}

fn with_note() -> Schema {
    let note = Arc::new(Field::new("note", DataType::Utf8, true));
    Schema::new(schema().fields().iter().cloned().chain([note]).collect::<Vec<_>>())
}

/// A row of a table with the column `note`.
async fn append_with_note(table: &OfflineTable, time: i64, key: i64) {
    let mut columns = batch(&[(time, key)]).columns().to_vec();
    columns.push(Arc::new(arrow::array::StringArray::from(vec!["noted"])));
    let rows = RecordBatch::try_new(Arc::new(with_note()), columns).expect("a batch");
    let staged = table.stage(micros(0, 100 * DAY), stream(rows)).await.expect("staged");
    table.append(staged).await.expect("appended");
}

async fn notes(table: &OfflineTable) -> usize {
    let frame = table
        .scan(&SessionContext::new(), None, Some(&["note".to_owned()]))
        .expect("a scan");
    let batches = frame.collect().await.expect("rows");
    batches
        .iter()
        .map(|batch| batch.num_rows() - batch.column(0).null_count())
        .sum()
}

#[tokio::test]
async fn rows_come_to_those_that_are_there_and_are_found_by_their_files() {
    let folder = TempDir::new().expect("a folder");
    let rows = table(&folder, Granularity::Month).await;
    let before = rows.version();
    let first = append(&rows, &[(DAY, 1), (DAY, 1), (40 * DAY, 2)]).await;
    assert_eq!(first.added, 2);
    append(&rows, &[(DAY, 1)]).await;
    assert_eq!(
        rows_in(&rows, None).await,
        multiset(&[(DAY, 1), (DAY, 1), (DAY, 1), (40 * DAY, 2)])
    );
    assert_eq!(rows.coverage().done, []);
    let changed = rows.changed_since(before).await.expect("the log").expect("kept");
    assert_eq!((changed.appended.len(), changed.intervals.len()), (3, 0));
    let last = rows.changed_since(first.version).await.expect("the log").expect("kept");
    assert_eq!(last.appended.len(), 1);
    let session = SessionContext::new();
    let of_last = rows
        .scan_files(&session, &last.appended, &["key".to_owned()])
        .expect("a scan");
    assert_eq!(of_last.expect("they are there").count().await.expect("counted"), 1);
    let gone = rows
        .scan_files(&session, &["x.parquet".to_owned()], &["key".to_owned()])
        .expect("a scan");
    assert!(gone.is_none());
    // What is staged and not wanted leaves nothing.
    let staged = rows
        .stage(micros(0, 100 * DAY), stream(batch(&[(5, 5)])))
        .await
        .expect("staged");
    let path = folder.path().join("rows").join(&staged.adds[0].path);
    assert!(path.exists());
    rows.discard(staged).await.expect("removed");
    assert!(!path.exists());
}

/// Who opened a table before a column was added to it writes nothing that lacks it.
#[tokio::test]
async fn columns_come_to_a_table_and_no_older_handle_loses_them() {
    let folder = TempDir::new().expect("a folder");
    let older = table(&folder, Granularity::Month).await;
    // As a feature table begins; only what lies before the end of what is covered is merged.
    let all = job(&older, micros(0, 100 * DAY), &[], 1).await;
    older.commit(vec![all]).await.expect("committed");
    append(&older, &[(DAY, 1), (DAY + 1, 2)]).await;
    assert!(older.add_columns(&with_note()).await.expect("added"));
    assert!(!older.add_columns(&with_note()).await.expect("there already"));
    let newer = opened(&folder).await;
    assert_eq!(newer.schema().fields().len(), 3);
    append_with_note(&newer, DAY + 2, 3).await;
    append_with_note(&newer, DAY + 3, 1).await;
    assert_eq!(notes(&newer).await, 2);
    // It still adds rows, which have none.
    append(&older, &[(DAY + 4, 4)]).await;
    let one = job(&older, micros(0, DAY), &[], 1).await;
    let refused = older.commit(vec![one]).await.expect_err("it lacks a column");
    assert_eq!(refused.kind(), Kind::Unavailable, "{refused}");
    let upkeep = Upkeep {
        now: at("2100-01-01"),
        orphans_after: Span::ZERO,
    };
    let refused = older.keep_up(&upkeep).await.expect_err("it lacks a column");
    assert_eq!(refused.kind(), Kind::Unavailable, "{refused}");
    newer.refresh().await.expect("refreshed");
    assert_eq!(notes(&newer).await, 2);
    assert_eq!(rows_in_both(&newer).await, 5);
    // A handle that knows it merges all of them.
    let newest = opened(&folder).await;
    newest.keep_up(&upkeep).await.expect("kept up");
    assert_eq!((newest.files().len(), notes(&newest).await), (1, 2));
}

async fn rows_in_both(table: &OfflineTable) -> usize {
    let frame = table.scan(&SessionContext::new(), None, None).expect("a scan");
    frame.count().await.expect("counted")
}
