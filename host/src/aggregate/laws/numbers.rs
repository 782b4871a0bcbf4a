//! What numbers come to, from the definitions, as quotients of whole numbers; the nearest float64 is found by bisection.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, Decimal128Array, Float64Array, Int64Array};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Decimal128Type, Float64Type, Int64Type};
use num_bigint::BigInt;

use super::{Aggregation, Answer, Function, Group};

/// The values that are not null.
struct Numbers {
    /// The finite ones, in units of `1 / denominator`.
    finite: Vec<BigInt>,
    denominator: BigInt,
    /// The others.
    special: Vec<f64>,
}

fn numbers(column: &ArrayRef) -> Numbers {
    let ten = |digits: i8| BigInt::from(10).pow(digits.max(0).unsigned_abs().into());
    let mut special = Vec::new();
    let (finite, denominator): (Vec<BigInt>, BigInt) = match column.data_type() {
        DataType::Decimal128(_, scale) => {
            let digits = column.as_primitive::<Decimal128Type>().iter().flatten();
            (digits.map(|digits| digits * ten(-scale)).collect(), ten(*scale))
        }
        DataType::Float32 | DataType::Float64 => {
            let floats = cast(column, &DataType::Float64).expect("floats");
            let mut finite = Vec::new();
            for value in floats.as_primitive::<Float64Type>().iter().flatten() {
                if value.is_finite() {
                    finite.push(in_least(value));
                } else {
                    special.push(value);
                }
            }
            (finite, BigInt::from(1) << 1074)
        }
        _ => {
            let ints = cast(column, &DataType::Int64).expect("ints");
            let ints = ints.as_primitive::<Int64Type>().iter().flatten();
            (ints.map(BigInt::from).collect(), 1.into())
        }
    };
    Numbers {
        finite,
        denominator,
        special,
    }
}

/// A finite float64 as a multiple of the least one.
fn in_least(value: f64) -> BigInt {
    let bits = value.abs().to_bits();
    let magnitude = match bits >> 52 {
        0 => BigInt::from(bits),
        exponent => BigInt::from(bits & ((1 << 52) - 1) | 1 << 52) << (exponent - 1),
    };
    if value < 0.0 { -magnitude } else { magnitude }
}

/// The float64 nearest to a quotient, or to its square root.
fn nearest(numerator: &BigInt, denominator: &BigInt, rooted: bool) -> f64 {
    let zero = BigInt::ZERO;
    assert!(*denominator > zero, "{denominator}");
    if *numerator < zero {
        return -nearest(&-numerator, denominator, rooted);
    }
    // `2 * 2^-1074` to the degree, times the denominator, so that halves of the least can be told.
    let degree: u32 = if rooted { 2 } else { 1 };
    let right = numerator << (1075 * degree);
    let against = |doubled: &BigInt| (doubled.pow(degree) * denominator).cmp(&right);
    let doubled = |bits: u64| match f64::from_bits(bits) {
        value if value.is_finite() => in_least(value) << 1,
        _ => BigInt::from(2) << (1024 + 1074),
    };
    let (mut low, mut high) = (0, f64::INFINITY.to_bits());
    while low < high {
        let middle = low + (high - low).div_ceil(2);
        if against(&doubled(middle)).is_le() {
            low = middle;
        } else {
            high = middle - 1;
        }
    }
    if low == f64::INFINITY.to_bits() {
        return f64::INFINITY;
    }
    let half = (doubled(low) + doubled(low + 1)) >> 1;
    let up = match against(&half) {
        std::cmp::Ordering::Less => true,
        std::cmp::Ordering::Equal => low % 2 == 1,
        std::cmp::Ordering::Greater => false,
    };
    f64::from_bits(low + u64::from(up))
}

fn float(value: Option<f64>) -> Answer {
    Answer {
        value: Arc::new(Float64Array::from(vec![value])),
        overflow: false,
    }
}

pub(super) fn sum(aggregation: &Aggregation, rows: &Group) -> Answer {
    let numbers = numbers(&rows.column);
    let none = rows.column.null_count() == rows.column.len();
    let sum: BigInt = numbers.finite.iter().sum();
    match aggregation.result() {
        DataType::Int64 => {
            let value = i64::try_from(&sum).ok().filter(|_| !none);
            Answer {
                overflow: value.is_none() && !none,
                value: Arc::new(Int64Array::from(vec![value])),
            }
        }
        DataType::Decimal128(precision, scale) => {
            let digits = rows.column.as_primitive::<Decimal128Type>().iter().flatten();
            let sum: BigInt = digits.map(BigInt::from).sum();
            let digits = i128::try_from(sum).ok();
            let digits = digits.filter(|digits| digits.to_string().trim_start_matches('-').len() <= 38);
            let digits = digits.filter(|_| !none);
            let column = Decimal128Array::from(vec![digits]).with_precision_and_scale(*precision, *scale);
            Answer {
                overflow: digits.is_none() && !none,
                value: Arc::new(column.expect("38 digits")),
            }
        }
        _ if none => float(None),
        _ if !numbers.special.is_empty() => float(Some(infinite(&numbers.special))),
        _ => float(Some(nearest(&sum, &numbers.denominator, false))),
    }
}

/// The IEEE sum of values that are not finite.
fn infinite(values: &[f64]) -> f64 {
    let sum: f64 = values.iter().sum();
    if sum.is_nan() { f64::NAN } else { sum }
}

pub(super) fn mean(_: &Aggregation, rows: &Group) -> Answer {
    let numbers = numbers(&rows.column);
    if !numbers.special.is_empty() {
        return float(Some(infinite(&numbers.special)));
    }
    let count = BigInt::from(numbers.finite.len());
    let sum: BigInt = numbers.finite.iter().sum();
    let mean = (count > BigInt::ZERO).then(|| nearest(&sum, &(count * numbers.denominator), false));
    float(mean)
}

/// The sum of the deviations to a degree, in units of `1 / (count * denominator)^degree`.
fn deviations(numbers: &Numbers, degree: u32) -> BigInt {
    let count = BigInt::from(numbers.finite.len());
    let sum: BigInt = numbers.finite.iter().sum();
    let deviations = numbers.finite.iter().map(|value| value * &count - &sum);
    deviations.map(|deviation| deviation.pow(degree)).sum()
}

/// The variance or the standard deviation.
pub(super) fn variance(aggregation: &Aggregation, rows: &Group) -> Answer {
    let numbers = numbers(&rows.column);
    let function = aggregation.function();
    let count = numbers.finite.len() + numbers.special.len();
    let less = usize::from(matches!(function, Function::VarSamp | Function::StddevSamp));
    if count <= less {
        return float(None);
    }
    if !numbers.special.is_empty() {
        return float(Some(f64::NAN));
    }
    let unit = (BigInt::from(count) * &numbers.denominator).pow(2);
    let rooted = matches!(function, Function::StddevPop | Function::StddevSamp);
    let spread = nearest(&deviations(&numbers, 2), &(unit * (count - less)), rooted);
    float(Some(spread))
}

/// The second deviations and the count; or the answer, where there is no shape.
fn spread(numbers: &Numbers) -> Result<(BigInt, BigInt), Answer> {
    if !numbers.special.is_empty() {
        return Err(float(Some(f64::NAN)));
    }
    let second = deviations(numbers, 2);
    if second == BigInt::ZERO {
        return Err(float(None));
    }
    Ok((second, numbers.finite.len().into()))
}

/// `(d3 / n) / (d2 / n)^(3/2)` by its square `n d3^2 / d2^3`.
pub(super) fn skew(_: &Aggregation, rows: &Group) -> Answer {
    let numbers = numbers(&rows.column);
    let (second, count) = match spread(&numbers) {
        Ok(spread) => spread,
        Err(answer) => return answer,
    };
    let third = deviations(&numbers, 3);
    let magnitude = nearest(&(count * third.pow(2)), &second.pow(3), true);
    float(Some(if third < BigInt::ZERO { -magnitude } else { magnitude }))
}

/// `(d4 / n) / (d2 / n)^2 - 3`.
pub(super) fn kurtosis(_: &Aggregation, rows: &Group) -> Answer {
    let numbers = numbers(&rows.column);
    let (second, count) = match spread(&numbers) {
        Ok(spread) => spread,
        Err(answer) => return answer,
    };
    let square = second.pow(2);
    let fourth = deviations(&numbers, 4);
    float(Some(nearest(&(count * fourth - 3 * &square), &square, false)))
}
