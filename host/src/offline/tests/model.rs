//! The table against a map of its rows.

use super::*;

/// A small generator, so that a seed means the same everywhere.
pub(super) struct Random(pub(super) u64);

impl Random {
    pub(super) fn below(&mut self, limit: i64) -> i64 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        ((self.0 >> 33) % limit as u64) as i64
    }
}

/// Overwrites random intervals many times and compares every row. `unit` is the grain of interval ends; rows lie on any
/// microsecond around it, and often on the ends.
async fn replaces_like_a_map(partition: Granularity, seed: u64, unit: i64, reach: i64) {
    let folder = TempDir::new().expect("a folder");
    let mut table = table(&folder, partition).await;
    let mut random = Random(seed);
    let mut model: Vec<(i64, i64)> = Vec::new();
    let mut attempts: BTreeMap<Interval, u64> = BTreeMap::new();
    let mut splits = 0;
    for round in 0..45 {
        let mut jobs = Vec::new();
        let mut taken: Vec<Interval> = Vec::new();
        for _ in 0..1 + random.below(3) {
            let start = (random.below(2 * reach) - reach) * unit;
            let interval = micros(start, start + (1 + random.below(reach / 3)) * unit);
            if taken.iter().any(|other| other.overlaps(&interval)) {
                continue;
            }
            taken.push(interval);
            let length = interval.end.micros() - start;
            let rows: Vec<_> = (0..random.below(30))
                .map(|n| match random.below(4) {
                    0 => (start, n),
                    1 => (start + length - 1, n),
                    _ => (start + random.below(length), random.below(5)),
                })
                .collect();
            let attempt = attempts
                .entry(interval)
                .and_modify(|attempt| *attempt += 1)
                .or_insert(1);
            jobs.push(job(&table, interval, &rows, *attempt).await);
            model.retain(|(time, _)| !interval.contains(Timestamp::from_micros(*time)));
            model.extend(rows);
        }
        splits += table.commit(jobs).await.expect("committed").rewritten;
        assert_eq!(
            rows_in(&table, None).await,
            multiset(&model),
            "seed {seed}, round {round}"
        );
        let start = (random.below(2 * reach) - reach) * unit + random.below(3) - 1;
        let range = micros(start, start + random.below(reach * unit));
        let inside: Vec<_> = model
            .iter()
            .copied()
            .filter(|row| range.contains(Timestamp::from_micros(row.0)))
            .collect();
        assert_eq!(
            rows_in(&table, Some(range)).await,
            multiset(&inside),
            "seed {seed}, round {round}, {range}"
        );
        if round % 10 == 9 {
            table = opened(&folder).await;
        }
    }
    let coverage = table.coverage();
    let done: BTreeMap<_, _> = coverage
        .done
        .iter()
        .map(|done| (done.interval, done.attempt.number()))
        .collect();
    assert_eq!(done, attempts);
    assert_eq!(table.version(), 45);
    assert!(splits > 10, "too tame: {splits}");
}

#[tokio::test]
async fn months_of_days() {
    replaces_like_a_map(Granularity::Month, 1, 86_400_000_000, 60).await;
}

#[tokio::test]
async fn days_of_hours() {
    replaces_like_a_map(Granularity::Day, 2, 3_600_000_000, 60).await;
}

/// Statistics of files hold milliseconds only.
#[tokio::test]
async fn microseconds_around_1970() {
    replaces_like_a_map(Granularity::Month, 3, 7, 900).await;
}
