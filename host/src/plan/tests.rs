use proptest::prelude::*;

use super::*;
use crate::definition::parse;
use crate::time::union;

fn view(lines: &str) -> FeatureView {
    let text = format!(
        r#"
        [project]
        name = "shop"
        [[entity]]
        name = "user"
        join_keys = {{ user_id = "int64" }}
        [[source]]
        name = "clicks"
        path = "clicks.parquet"
        timestamp_column = "timestamp"
        [[feature_view]]
        name = "v"
        kind = "batch"
        entities = ["user"]
        sources = ["clicks"]
        timestamp_column = "timestamp"
        {lines}
        "#
    );
    parse("sandglass.toml", &text)
        .expect("a valid project")
        .project
        .feature_views
        .remove(0)
}

fn at(text: &str) -> Timestamp {
    text.parse().expect("a time")
}

fn interval(start: &str, end: &str) -> Interval {
    Interval {
        start: at(start),
        end: at(end),
    }
}

fn situation<'a>(covered: &'a [Interval], applied_at: &str, now: &str) -> Situation<'a> {
    Situation {
        data_delay: Span::ZERO,
        covered,
        applied_at: at(applied_at),
        now: at(now),
    }
}

const DAILY: &str = "batch_schedule = \"1d\"\nfeature_start_time = \"2023-01-01\"\n";

#[test]
fn incremental_backfills_are_one_job_for_each_day() {
    let view = view(&format!("{DAILY}incremental_backfills = true"));
    let jobs = plan(&view, &situation(&[], "2023-05-01", "2023-05-01"));
    assert_eq!(jobs.len(), 120);
    assert!(jobs.iter().all(|job| job.kind == JobKind::Backfill));
    assert_eq!(jobs[119].interval, interval("2023-04-30", "2023-05-01"));
}

#[test]
fn a_default_backfill_is_one_job_and_what_comes_later_is_recurring() {
    let view = view(DAILY);
    let jobs = plan(&view, &situation(&[], "2023-05-01T12:00:00Z", "2023-05-03T00:00:00Z"));
    let kinds: Vec<_> = jobs.iter().map(|job| (job.kind, job.interval)).collect();
    assert_eq!(
        kinds,
        [
            (JobKind::Backfill, interval("2023-01-01", "2023-05-01")),
            (JobKind::Recurring, interval("2023-05-01", "2023-05-02")),
            (JobKind::Recurring, interval("2023-05-02", "2023-05-03")),
        ]
    );
}

#[test]
fn an_interval_is_due_with_the_delay_and_not_a_microsecond_before() {
    let view = view(DAILY);
    let delayed = |now: &str| {
        let situation = Situation {
            data_delay: "2h".parse().expect("a span"),
            covered: &[],
            applied_at: at("2023-01-01"),
            now: at(now),
        };
        plan(&view, &situation).len()
    };
    assert_eq!(delayed("2023-01-02T01:59:59.999999Z"), 0);
    assert_eq!(delayed("2023-01-02T02:00:00Z"), 1);
}

#[test]
fn max_backfill_interval_cuts() {
    let view = view(&format!("{DAILY}max_backfill_interval = \"31d\""));
    let jobs = plan(&view, &situation(&[], "2023-05-01", "2023-05-01"));
    assert_eq!(
        jobs.iter()
            .map(|job| job.interval.end.since(job.interval.start).micros() / 86_400_000_000)
            .collect::<Vec<_>>(),
        [31, 31, 31, 27]
    );
}

#[test]
fn what_is_covered_is_not_planned() {
    let view = view(DAILY);
    let covered = [interval("2023-02-01", "2023-03-01")];
    let jobs = plan(&view, &situation(&covered, "2023-05-01", "2023-05-01"));
    let intervals: Vec<_> = jobs.iter().map(|job| job.interval).collect();
    assert_eq!(
        intervals,
        [
            interval("2023-01-01", "2023-02-01"),
            interval("2023-03-01", "2023-05-01")
        ]
    );
    let all = [interval("2023-01-01", "2023-05-01")];
    assert!(plan(&view, &situation(&all, "2023-05-01", "2023-05-01")).is_empty());
}

#[test]
fn manual_views_have_no_recurring_jobs() {
    let only_manual = view(&format!("{DAILY}trigger = \"manual\""));
    assert!(plan(&only_manual, &situation(&[], "2023-05-01", "2023-05-01")).is_empty());
    let with_end = view(&format!(
        "{DAILY}trigger = \"manual\"\nmanual_backfill_end_time = \"2023-02-01\""
    ));
    let jobs = plan(&with_end, &situation(&[], "2023-05-01", "2023-06-01"));
    assert_eq!(
        jobs.iter().map(|job| job.interval).collect::<Vec<_>>(),
        [interval("2023-01-01", "2023-02-01")]
    );
}

#[test]
fn ranges_lie_on_the_grid_and_are_due() {
    let view = view(DAILY);
    let situation = situation(&[], "2023-05-01", "2023-05-01");
    let range = |start, end| {
        plan_range(
            &view,
            &situation,
            Range {
                interval: interval(start, end),
                overwrite: false,
            },
        )
    };
    assert_eq!(range("2023-01-05", "2023-01-07").map(|jobs| jobs.len()), Ok(1));
    let error = range("2023-01-05T01:00:00Z", "2023-01-07").expect_err("off the grid");
    assert_eq!(
        error.hint.as_deref(),
        Some("2023-01-05T00:00:00Z or 2023-01-06T00:00:00Z would do")
    );
    assert!(range("2022-12-31", "2023-01-07").is_err());
    assert!(range("2023-04-01", "2023-05-02").is_err());
}

proptest! {
    /// What is covered and what is planned make up the range from the start to what is due, without overlap.
    #[test]
    fn jobs_and_coverage_fill_the_range(
        cover in proptest::collection::vec((0i64..60, 1i64..9), 0..6),
        now in 0i64..80,
        applied in 0i64..80,
        incremental in any::<bool>(),
    ) {
        let view = view(&format!("{DAILY}incremental_backfills = {incremental}"));
        let day = |n: i64| view.feature_start_time.saturating_add(Span::from_days(n));
        let covered = union(cover.iter().map(|&(from, days)| Interval { start: day(from), end: day((from + days).min(now.max(from))) }).collect());
        let situation = Situation { data_delay: Span::ZERO, covered: &covered, applied_at: day(applied.min(now)), now: day(now) };
        let jobs = plan(&view, &situation);
        for (index, job) in jobs.iter().enumerate() {
            prop_assert!(job.due <= situation.now);
            for other in covered.iter().chain(jobs[index + 1..].iter().map(|job| &job.interval)) {
                prop_assert!(!job.interval.overlaps(other));
            }
        }
        let all = union(jobs.iter().map(|job| job.interval).chain(covered.iter().copied()).collect());
        if now > 0 {
            prop_assert!(all.iter().any(|interval| interval.start <= day(0) && interval.end >= day(now)));
        }
    }
}
