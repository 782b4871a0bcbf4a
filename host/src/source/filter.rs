//! The time filter in the column's own type, so that statistics of files, row groups and pages can be compared with it:
//! nothing is cast on the column's side.

use datafusion::common::ScalarValue;
use datafusion::logical_expr::Expr;
use datafusion::prelude::{Column, lit};

use arrow::datatypes::{DataType, TimeUnit};

use super::times::TimeKind;
use crate::time::Interval;

/// `start <= column and column < end`, or none for a column whose order is not that of time (text).
pub(super) fn in_range(column: &str, data_type: &DataType, kind: &TimeKind, range: Interval) -> Option<Expr> {
    let (numerator, denominator) = kind.ratio()?;
    // floor(tick * n / d) >= micros if and only if tick >= ceil(micros * d / n), as micros is whole.
    let bound = |micros: i64| {
        let scaled = i128::from(micros) * i128::from(denominator);
        let numerator = i128::from(numerator);
        -(-scaled).div_euclid(numerator)
    };
    let column = || Expr::Column(Column::new_unqualified(column));
    let mut filter: Option<Expr> = None;
    let mut and = |expression: Expr| {
        filter = Some(match filter.take() {
            Some(filter) => filter.and(expression),
            None => expression,
        });
    };
    // A bound that the type cannot hold excludes nothing on its side: those rows are looked at one by one.
    if let Some(start) = literal(data_type, bound(range.start.micros())) {
        and(column().gt_eq(lit(start)));
    }
    if let Some(end) = literal(data_type, bound(range.end.micros())) {
        and(column().lt(lit(end)));
    }
    filter
}

fn literal(data_type: &DataType, tick: i128) -> Option<ScalarValue> {
    let tick64 = i64::try_from(tick).ok()?;
    Some(match data_type {
        DataType::Timestamp(TimeUnit::Second, zone) => ScalarValue::TimestampSecond(Some(tick64), zone.clone()),
        DataType::Timestamp(TimeUnit::Millisecond, zone) => {
            ScalarValue::TimestampMillisecond(Some(tick64), zone.clone())
        }
        DataType::Timestamp(TimeUnit::Microsecond, zone) => {
            ScalarValue::TimestampMicrosecond(Some(tick64), zone.clone())
        }
        DataType::Timestamp(TimeUnit::Nanosecond, zone) => ScalarValue::TimestampNanosecond(Some(tick64), zone.clone()),
        DataType::Date32 => ScalarValue::Date32(Some(i32::try_from(tick).ok()?)),
        DataType::Int64 => ScalarValue::Int64(Some(tick64)),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::definition::TimestampUnit;
    use crate::time::Timestamp;

    #[test]
    fn bounds_in_the_columns_own_ticks() {
        let range = Interval {
            start: Timestamp::from_micros(1),
            end: Timestamp::from_micros(86_400_000_001),
        };
        let show = |data_type: DataType, kind: TimeKind| in_range("t", &data_type, &kind, range).map(|e| e.to_string());
        let ns = DataType::Timestamp(TimeUnit::Nanosecond, None);
        assert_eq!(
            show(ns, TimeKind::Ticks(TimestampUnit::Ns)).as_deref(),
            Some("t >= TimestampNanosecond(1000, None) AND t < TimestampNanosecond(86400000001000, None)")
        );
        // Midnight of day 1 is inside, that of day 2 is not; day 0 is before the start.
        assert_eq!(
            show(DataType::Date32, TimeKind::Days).as_deref(),
            Some("t >= Date32(\"1970-01-02\") AND t < Date32(\"1970-01-03\")")
        );
        assert_eq!(
            show(DataType::Int64, TimeKind::Ticks(TimestampUnit::S)).as_deref(),
            Some("t >= Int64(1) AND t < Int64(86401)")
        );
        assert_eq!(show(DataType::Utf8, TimeKind::Text), None);
    }
}
