//! How long a backfill's commits take. Run by hand: `cargo test offline::tests::timing -- --ignored --nocapture`.

use std::time::Instant;

use super::*;

const JOBS: i64 = 546;

async fn staged(table: &OfflineTable) -> Vec<JobCommit> {
    let start = at("1997-01-01").micros();
    let mut jobs = Vec::new();
    for n in 0..JOBS {
        let range = micros(start + n * 86_400_000_000, start + (n + 1) * 86_400_000_000);
        let rows: Vec<_> = (0..100).map(|m| (range.start.micros() + m * 1_000_000, m)).collect();
        jobs.push(job(table, range, &rows, 1).await);
    }
    jobs
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "a measurement"]
async fn commits_of_a_backfill() {
    for shared in [true, false] {
        let folder = TempDir::new().expect("a folder");
        let began = Instant::now();
        let table = table(&folder, Granularity::Month).await;
        println!("create {:?}", began.elapsed());
        let began = Instant::now();
        let jobs = staged(&table).await;
        println!("stage {JOBS} jobs {:?}", began.elapsed());
        let began = Instant::now();
        if shared {
            table.commit(jobs).await.expect("committed");
        } else {
            for job in jobs {
                table.commit(vec![job]).await.expect("committed");
            }
        }
        println!("commit, shared {shared}: {:?}", began.elapsed());
        let began = Instant::now();
        assert_eq!(opened(&folder).await.coverage().done.len(), JOBS as usize);
        println!("open with coverage {:?}", began.elapsed());
        let began = Instant::now();
        assert_eq!(rows_in(&table, None).await.len(), JOBS as usize * 100);
        println!("scan {:?}", began.elapsed());
    }
}
