use std::marker::PhantomData;
use std::sync::Arc;

use arrow::array::{Array, Decimal128Array, Float64Array, Int64Array};
use arrow::datatypes::DataType;

use super::class::{Native, Total, native};
use super::codec::{self, Reader, put_varint};
use super::error::StateError;
use super::function::{Function, StateKind};
use super::states::{Aggregator, Finalized, Rows};
use super::tally;

/// About the value at a rank: counts of the values by buckets, and the least and the greatest value.
///
/// The answer for rank r of n values is that of the value at position max(1, ceil(r n)) in ascending order: of the least for rank
/// 0 and of the greatest for rank 1, exactly. Else it is the middle of that value's bucket, but not outside of the least
/// and the greatest value, and the relative error is at most 1 / precision. Ranks are taken to nine decimals, so that
/// 0.07 of 100 values is the seventh.
///
/// Values are seen as float64: whole numbers beyond 2^53 are rounded to it, and decimals are their digits by a power of ten.
/// NaN is skipped, as by min and max; both zeros are zero; infinities are values at the ends; subnormal values are as exact as
/// others.
///
/// A bucket holds the values of one sign and binary exponent whose first mantissa bits are equal (see [`Scale`]); no logarithm is
/// taken, so buckets are the same on every machine. As in DDSketch (Masson, Rim, Lee, arXiv:1908.10693) counts are integers
/// and a merge adds them; no buckets are ever collapsed. A state has at most 2 * (2098 * 2^bits + 1) + 1 buckets of 16 bytes: 4.3 MB for
/// precision 100, if its values fill the whole range of floats; 64 buckets for each power of two that they span.
#[derive(Debug, Clone)]
pub(super) struct Buckets<V> {
    precision: u16,
    scale: Scale,
    /// What decimals' digits are counted in.
    unit: Unit,
    values: PhantomData<V>,
}

#[derive(Debug, Clone, PartialEq)]
pub(super) struct State {
    /// In ascending order of the values.
    counts: Vec<(i32, u64)>,
    /// Infinity if there are no values.
    least: f64,
    /// Minus infinity if there are no values.
    greatest: f64,
}

/// Buckets by number, in the order of their values: zero is bucket 0, the others have the sign of their values.
///
/// A value is (1 + f) 2^e with 0 <= f < 1, and its bucket is that of e and of the first `bits` bits of f. The middle of the bucket
/// differs from any of its values by at most 2^e / 2^(bits + 1), half the bucket's width, and so by 1 / 2^(bits + 1) of the value or
/// less; `bits` is the least number with 2^(bits + 1) >= precision.
#[derive(Debug, Clone, Copy)]
struct Scale {
    bits: u32,
}

/// Bits of a float64's mantissa.
const MANTISSA_BITS: u32 = 52;
const MANTISSA: u64 = (1 << MANTISSA_BITS) - 1;

impl Scale {
    fn new(precision: u16) -> Self {
        Self {
            bits: u32::from(precision)
                .next_power_of_two()
                .trailing_zeros()
                .saturating_sub(1),
        }
    }

    /// The bucket of a value that is not NaN.
    fn bucket(self, value: f64) -> i32 {
        let magnitude = value.abs().to_bits();
        if magnitude == 0 {
            return 0;
        }
        // Exponents from that of the least subnormal value on.
        let (exponent, mantissa) = match (magnitude >> MANTISSA_BITS) as u32 {
            0 => {
                let first = magnitude.ilog2();
                (first, magnitude << (MANTISSA_BITS - first))
            }
            exponent => (exponent + MANTISSA_BITS - 1, magnitude),
        };
        let leading = (mantissa & MANTISSA) >> (MANTISSA_BITS - self.bits);
        let bucket = (exponent << self.bits | leading as u32).cast_signed() + 1;
        if value < 0.0 { -bucket } else { bucket }
    }

    /// The middle of a bucket that holds values.
    fn middle(self, bucket: i32) -> f64 {
        let Some(number) = bucket.unsigned_abs().checked_sub(1) else {
            return 0.0;
        };
        let exponent = number >> self.bits;
        let leading = u64::from(number) & ((1 << self.bits) - 1);
        let half = 1 << (MANTISSA_BITS - self.bits - 1);
        let mantissa = leading << (MANTISSA_BITS - self.bits) | half;
        let magnitude = match exponent.checked_sub(MANTISSA_BITS - 1) {
            // The bits that a subnormal value does not have are cut off, and it is in the middle or alone.
            None | Some(0) => (1 << MANTISSA_BITS | mantissa) >> (MANTISSA_BITS - exponent.min(MANTISSA_BITS - 1)),
            Some(0x7ff) => f64::INFINITY.to_bits(),
            Some(exponent) => u64::from(exponent) << MANTISSA_BITS | mantissa,
        };
        f64::from_bits(magnitude).copysign(f64::from(bucket))
    }
}

/// A power of ten by which digits are divided or multiplied; powers of ten are exact up to 10^22.
#[derive(Debug, Clone, Copy)]
pub(super) enum Unit {
    Fraction(f64),
    Multiple(f64),
}

impl Unit {
    fn of(prepared: &DataType) -> Self {
        let scale = match prepared {
            DataType::Decimal128(_, scale) => *scale,
            _ => 0,
        };
        let power = 10_u128.checked_pow(u32::from(scale.unsigned_abs()));
        let power = power.map_or(f64::INFINITY, |power| power as f64);
        if scale < 0 {
            Self::Multiple(power)
        } else {
            Self::Fraction(power)
        }
    }
}

/// Values that are numbers.
pub(super) trait Number: Native {
    /// The value of a row that is not null.
    fn number(array: &Self::Array, row: usize, unit: Unit) -> f64;
}

impl Number for i64 {
    fn number(array: &Int64Array, row: usize, _: Unit) -> f64 {
        array.value(row) as f64
    }
}

impl Number for Total {
    fn number(array: &Float64Array, row: usize, _: Unit) -> f64 {
        array.value(row)
    }
}

impl Number for i128 {
    fn number(array: &Decimal128Array, row: usize, unit: Unit) -> f64 {
        let digits = array.value(row) as f64;
        match unit {
            Unit::Fraction(power) => digits / power,
            Unit::Multiple(power) => digits * power,
        }
    }
}

impl<V> Buckets<V> {
    pub(super) fn new(precision: u16, prepared: &DataType) -> Self {
        Self {
            precision,
            scale: Scale::new(precision),
            unit: Unit::of(prepared),
            values: PhantomData,
        }
    }

    /// The answer for a rank, none if there are no values.
    fn at(&self, state: &State, rank: f64) -> Option<f64> {
        // As many as 2^21 counts of less than 2^64, times 2^30: no product is too large.
        let total: u128 = state.counts.iter().map(|(_, count)| u128::from(*count)).sum();
        let billionths = (rank.clamp(0.0, 1.0) * 1e9).round() as u128;
        let position = (billionths * total).div_ceil(1_000_000_000).max(1);
        if position <= 1 {
            return (total > 0).then_some(state.least);
        }
        if position >= total {
            return Some(state.greatest);
        }
        let mut until = 0;
        let (bucket, _) = state.counts.iter().find(|(_, count)| {
            until += u128::from(*count);
            until >= position
        })?;
        Some(self.scale.middle(*bucket).clamp(state.least, state.greatest))
    }
}

fn heap_bytes(state: &State) -> usize {
    state.counts.capacity() * size_of::<(i32, u64)>()
}

impl<V: Number> Aggregator for Buckets<V> {
    type State = State;

    fn kind(&self) -> StateKind {
        StateKind::Buckets(self.precision)
    }

    fn header(&self) -> Vec<u8> {
        codec::header(self.kind(), Some(V::CLASS))
    }

    fn empty(&self) -> State {
        State {
            counts: Vec::new(),
            least: f64::INFINITY,
            greatest: f64::NEG_INFINITY,
        }
    }

    fn update(&self, states: &mut [State], groups: &[usize], rows: Rows<'_>) -> Result<isize, StateError> {
        let array = native::<V>(rows.values).ok_or_else(|| codec::unprepared(self.kind(), rows.values))?;
        let mut missing = Vec::new();
        for (row, group) in groups.iter().enumerate() {
            if array.is_null(row) {
                continue;
            }
            // Minus zero and zero make zero.
            let value = V::number(array, row, self.unit) + 0.0;
            if value.is_nan() {
                continue;
            }
            let State {
                counts,
                least,
                greatest,
            } = &mut states[*group];
            *least = least.min(value);
            *greatest = greatest.max(value);
            let bucket = self.scale.bucket(value);
            match counts.binary_search_by_key(&bucket, |(bucket, _)| *bucket) {
                Ok(at) => counts[at].1 = counts[at].1.saturating_add(1),
                Err(_) => missing.push((*group, bucket, 1)),
            }
        }
        let mut grown = 0;
        tally::insert_rows(missing, |group, run| {
            let state = &mut states[group];
            let before = heap_bytes(state).cast_signed();
            tally::insert(&mut state.counts, run);
            grown += heap_bytes(state).cast_signed() - before;
        });
        Ok(grown)
    }

    fn merge(&self, into: &mut State, from: &State) -> isize {
        let before = heap_bytes(into).cast_signed();
        tally::merge(&mut into.counts, &from.counts);
        into.least = into.least.min(from.least);
        into.greatest = into.greatest.max(from.greatest);
        heap_bytes(into).cast_signed() - before
    }

    /// Nothing if there are no values. Else the least and the greatest value, the count of the bucket of the least, and for each
    /// further bucket that holds values how far it is from the one before, and its count: the last is that of the greatest.
    fn encode(&self, state: &State, out: &mut Vec<u8>) {
        let State {
            counts,
            least,
            greatest,
        } = state;
        let Some(((first, count), rest)) = counts.split_first() else {
            return;
        };
        Total(*least).encode(out);
        Total(*greatest).encode(out);
        put_varint(*count, out);
        let mut last = *first;
        for (bucket, count) in rest {
            put_varint(u64::from(bucket.abs_diff(last)), out);
            put_varint(*count, out);
            last = *bucket;
        }
    }

    fn decode(&self, reader: &mut Reader<'_>) -> Option<State> {
        if reader.is_done() {
            return Some(self.empty());
        }
        let mut number = || {
            let value = Total::decode(reader)?;
            (!value.is_nan() && value == value.canonical()).then_some(value.0)
        };
        let (least, greatest) = (number()?, number()?);
        let (mut bucket, last) = (self.scale.bucket(least), self.scale.bucket(greatest));
        let mut count = || reader.varint().filter(|count| *count > 0);
        let mut counts = vec![(bucket, count()?)];
        while bucket < last {
            bucket = i32::try_from(count()?).ok().and_then(|gap| bucket.checked_add(gap))?;
            // No value is in a bucket whose middle is in another.
            if self.scale.bucket(self.scale.middle(bucket)) != bucket {
                return None;
            }
            counts.push((bucket, count()?));
        }
        let counted = match counts.as_slice() {
            [(_, 1)] => least == greatest,
            _ => least <= greatest,
        };
        (counted && bucket == last).then_some(State {
            counts,
            least,
            greatest,
        })
    }

    fn finalize(&self, states: &[State], function: &Function) -> Result<Finalized, StateError> {
        let Function::ApproxPercentile(percentile) = function else {
            return Err(StateError::Internal(format!("{function} is no percentile")));
        };
        let values: Float64Array = states.iter().map(|state| self.at(state, percentile.rank)).collect();
        Ok(Finalized {
            values: Arc::new(values),
            overflows: 0,
        })
    }

    fn heap_bytes(&self, state: &State) -> usize {
        heap_bytes(state)
    }
}

#[cfg(test)]
mod tests {
    use arrow::array::{ArrayRef, AsArray};
    use arrow::datatypes::{Float64Type, Int64Type};
    use proptest::prelude::*;

    use super::super::laws::{columns, single};
    use super::*;

    fn numbers() -> impl Strategy<Value = ArrayRef> {
        prop_oneof![
            columns::ints(),
            columns::floats(),
            columns::decimals(),
            columns::hundreds()
        ]
    }

    fn precision() -> impl Strategy<Value = u16> {
        prop_oneof![20_u16..=500, Just(32), Just(33), Just(256), Just(500)]
    }

    proptest! {
        /// A bucket's middle is in it, and within the relative error of every value; buckets are in the order of the values.
        #[test]
        fn buckets_are_narrow(bits in any::<u64>(), other in any::<u64>(), precision in precision()) {
            let scale = Scale::new(precision);
            // Subnormal values as often as others.
            for bits in [bits, bits & !(0x7ff << MANTISSA_BITS), bits >> (other % 64)] {
                let value = f64::from_bits(bits);
                prop_assume!(!value.is_nan());
                let bucket = scale.bucket(value);
                let middle = scale.middle(bucket);
                prop_assert_eq!(scale.bucket(middle), bucket);
                prop_assert!(
                    middle == value || (middle - value).abs() <= value.abs() / f64::from(precision),
                    "{} for {}", middle, value
                );
                let greater = f64::from_bits(other);
                if value < greater {
                    prop_assert!(bucket <= scale.bucket(greater));
                }
            }
        }

        /// Against the value at the rank in sorted data.
        #[test]
        fn the_error_is_bounded(column in numbers(), precision in precision(), thousandths in 0_usize..=1000) {
            let rank = thousandths as f64 / 1000.0;
            let function = format!("approx_percentile({rank}, {precision})");
            let aggregation = single::aggregation(&function, column.data_type());
            let mut sorted: Vec<f64> = match column.data_type() {
                DataType::Int64 => column.as_primitive::<Int64Type>().iter().flatten().map(|v| v as f64).collect(),
                DataType::Float64 => column.as_primitive::<Float64Type>().iter().flatten().collect(),
                data_type => {
                    let unit = Unit::of(data_type);
                    let decimals = native::<i128>(&column).expect("decimals");
                    let rows = (0..decimals.len()).filter(|row| decimals.is_valid(*row));
                    rows.map(|row| i128::number(decimals, row, unit)).collect()
                }
            };
            sorted.retain(|value| !value.is_nan());
            sorted.sort_by(f64::total_cmp);
            let position = (thousandths * sorted.len()).div_ceil(1000).max(1);
            let expected = sorted.get(position - 1).copied();
            let found = single::float(&aggregation, &column);
            prop_assert_eq!(found.is_some(), expected.is_some());
            if let (Some(found), Some(expected)) = (found, expected) {
                prop_assert!(
                    found == expected || (found - expected).abs() <= expected.abs() / f64::from(precision),
                    "{} for {}", found, expected
                );
            }
        }
    }

    #[test]
    fn bits_follow_from_the_precision() {
        for (precision, bits) in [
            (20, 4),
            (32, 4),
            (33, 5),
            (64, 5),
            (100, 6),
            (128, 6),
            (129, 7),
            (500, 8),
        ] {
            assert_eq!(Scale::new(precision).bits, bits);
        }
    }

    #[test]
    fn every_power_of_two_has_its_bucket() {
        let scale = Scale::new(100);
        let mut last = 0;
        for exponent in -1074..1024 {
            let value = 2_f64.powi(exponent);
            // powi has no subnormal powers everywhere.
            let value = if exponent < -1022 {
                f64::from_bits(1 << (exponent + 1074))
            } else {
                value
            };
            let bucket = scale.bucket(value);
            assert_eq!(bucket, ((exponent + 1074) << 6) + 1);
            assert_eq!(scale.bucket(-value), -bucket);
            assert!(bucket > last);
            last = bucket;
        }
        assert_eq!(scale.bucket(f64::MAX) + 1, scale.bucket(f64::INFINITY));
        assert_eq!(scale.middle(scale.bucket(f64::NEG_INFINITY)), f64::NEG_INFINITY);
        assert_eq!((scale.bucket(0.0), scale.bucket(-0.0), scale.middle(0)), (0, 0, 0.0));
        assert_eq!(scale.middle(scale.bucket(-5e-324)), -5e-324);
    }

    #[test]
    fn ranks_are_positions() {
        let column: ArrayRef = Arc::new(Float64Array::from_iter_values((1..=100).map(f64::from)));
        let at = |rank: &str| {
            let function = format!("approx_percentile({rank}, 500)");
            single::float(&single::aggregation(&function, &DataType::Float64), &column).expect("a value")
        };
        assert_eq!((at("0"), at("1"), at("0.005"), at("0.991")), (1.0, 100.0, 1.0, 100.0));
        for (rank, expected) in [
            ("0.07", 7.0),
            ("0.29", 29.0),
            ("0.5", 50.0),
            ("0.501", 51.0),
            ("0.99", 99.0),
        ] {
            assert!((at(rank) - expected).abs() <= expected / 500.0, "{rank}: {}", at(rank));
        }
    }

    #[test]
    fn one_value_is_exact() {
        let decimals = Decimal128Array::from(vec![110_i128; 5]).with_precision_and_scale(10, 2);
        let column: ArrayRef = Arc::new(decimals.expect("a decimal type"));
        let aggregation = single::aggregation("approx_percentile(0.5)", column.data_type());
        assert_eq!(single::float(&aggregation, &column), Some(1.1));
        let nothing: ArrayRef = Arc::new(Float64Array::from(vec![None, Some(f64::NAN)]));
        assert_eq!(
            single::float(
                &single::aggregation("approx_percentile(0.5)", &DataType::Float64),
                &nothing
            ),
            None
        );
        let ends: ArrayRef = Arc::new(Float64Array::from(vec![f64::NEG_INFINITY, 3.0, f64::INFINITY]));
        for (rank, value) in [("0", f64::NEG_INFINITY), ("1", f64::INFINITY)] {
            let function = format!("approx_percentile({rank})");
            assert_eq!(
                single::float(&single::aggregation(&function, &DataType::Float64), &ends),
                Some(value)
            );
        }
    }

    #[test]
    fn what_are_no_buckets_is_refused() {
        let body = |least: f64, greatest: f64, rest: &[u8]| {
            let ends = [least, greatest]
                .into_iter()
                .flat_map(|value| value.to_bits().to_le_bytes());
            ends.chain(rest.iter().copied()).collect::<Vec<u8>>()
        };
        let bodies = [
            // From 1 to 1.5 are 32 buckets of 64 to 2.
            body(1.0, 1.5, &[1, 32, 1]),
            body(1.0, 1.5, &[1, 31, 1]),
            body(1.0, 1.5, &[1, 33, 1]),
            body(1.0, 1.5, &[0, 32, 1]),
            body(1.0, 1.5, &[1, 32, 0]),
            body(1.0, 1.5, &[1, 0, 1, 32, 1]),
            body(1.0, 1.5, &[1]),
            body(1.0, 1.5, &[1, 32, 1, 0]),
            body(1.5, 1.0, &[1, 32, 1]),
            body(1.0, f64::NAN, &[1, 32, 1]),
        ];
        let refused = |function: &str, bodies: &[Vec<u8>]| {
            single::assert_only_first(function, &DataType::Float64, bodies);
        };
        refused("approx_percentile(0.5)", &bodies);
        let one_bucket = [
            body(1.0, 1.001, &[2]),
            body(1.0, 1.001, &[1]),
            body(1.001, 1.0, &[2]),
            body(1.0, 1.0, &[0]),
        ];
        refused("approx_percentile(0.5)", &one_bucket);
        refused(
            "approx_percentile(0.5)",
            &[body(0.0, 0.0, &[1]), body(-0.0, -0.0, &[1])],
        );
        // The least values have a bucket each, 64 apart, and none is between them.
        let tiny = |rest: &[u8]| body(5e-324, 1e-323, rest);
        refused("approx_percentile(0.5)", &[tiny(&[1, 64, 1]), tiny(&[1, 1, 1, 63, 1])]);
    }
}
