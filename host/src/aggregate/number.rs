use std::borrow::Cow;
use std::fmt::Debug;

use arrow::datatypes::DataType;
use num_bigint::{BigInt, BigUint, Sign};

use super::class::{Native, Total};
use super::exact::{Exact, Special, split};

/// Digits of the decimals that sums come to.
const DIGITS: u32 = 38;

/// A value that can be added.
pub(super) trait Number: Native {
    /// What sums of them are kept as.
    type Sum: Sums;
    /// Adds it to a sum. Tells by how many bytes of heap that has grown.
    fn add(&self, sum: &mut Self::Sum) -> isize;
    /// Adds it to the first sum, its square to the second, and so on.
    fn add_powers<const N: usize>(&self, sums: &mut [Exact; N]) -> isize;
    /// Whether a sum can be one of such values.
    fn can_be(sum: &Exact) -> bool;
    /// A sum as such a value, none if it does not fit. Decimals have 38 digits.
    fn of(sum: &Self::Sum) -> Option<Self>;
}

/// A sum that is never rounded. All forms of one sum have the same bytes.
pub(super) trait Sums: Clone + Debug + Send + Sync + 'static {
    /// The sum of nothing.
    const ZERO: Self;
    /// Adds another sum. Tells by how many bytes of heap it has grown.
    fn merge(&mut self, other: &Self) -> isize;
    /// As [`Exact::encode`].
    fn encode(&self, out: &mut Vec<u8>);
    /// From a sum of values of the class, so many.
    fn decode(sum: Exact, count: u64) -> Option<Self>;
    /// In the form that the others are made of.
    fn exact(&self) -> Cow<'_, Exact>;
    /// Bytes beside its own size.
    fn heap_bytes(&self) -> usize;
}

impl Sums for Exact {
    const ZERO: Self = Self::ZERO;

    fn merge(&mut self, other: &Self) -> isize {
        self.merge(other)
    }

    fn encode(&self, out: &mut Vec<u8>) {
        self.encode(out);
    }

    fn decode(sum: Exact, _: u64) -> Option<Self> {
        Some(sum)
    }

    fn exact(&self) -> Cow<'_, Exact> {
        Cow::Borrowed(self)
    }

    fn heap_bytes(&self) -> usize {
        self.heap_bytes()
    }
}

/// The sum of up to 2^64 int64 values: 128 bits hold it. In halves, so that a state needs no more than 8 bytes' alignment.
#[derive(Debug, Clone, Copy)]
pub(super) struct Whole {
    low: u64,
    high: i64,
}

impl Whole {
    fn of(value: i128) -> Self {
        Self {
            low: value as u64,
            high: (value >> 64) as i64,
        }
    }

    fn value(self) -> i128 {
        i128::from(self.high) << 64 | i128::from(self.low)
    }

    #[inline]
    fn add(&mut self, value: i64) {
        let (low, carry) = self.low.overflowing_add(value.cast_unsigned());
        self.low = low;
        self.high += (value >> 63) + i64::from(carry);
    }
}

impl Sums for Whole {
    const ZERO: Self = Self { low: 0, high: 0 };

    fn merge(&mut self, other: &Self) -> isize {
        // More than 2^64 values have no sum anywhere.
        *self = Self::of(self.value().saturating_add(other.value()));
        0
    }

    fn encode(&self, out: &mut Vec<u8>) {
        match self.high == self.low.cast_signed() >> 63 {
            true => Exact::encode_i64(self.low.cast_signed(), out),
            false => self.exact().encode(out),
        }
    }

    fn decode(sum: Exact, count: u64) -> Option<Self> {
        let value = sum.to_i128()?;
        let can_be = value.unsigned_abs() <= u128::from(count) << 63;
        can_be.then(|| Self::of(value))
    }

    fn exact(&self) -> Cow<'_, Exact> {
        let mut sum = Exact::ZERO;
        sum.add_i128(self.value());
        Cow::Owned(sum)
    }

    fn heap_bytes(&self) -> usize {
        0
    }
}

impl Number for i64 {
    type Sum = Whole;

    #[inline]
    fn add(&self, sum: &mut Whole) -> isize {
        sum.add(*self);
        0
    }

    fn add_powers<const N: usize>(&self, sums: &mut [Exact; N]) -> isize {
        Exact::add_powers(sums, i128::from(*self), 0)
    }

    fn can_be(sum: &Exact) -> bool {
        sum.is_whole()
    }

    fn of(sum: &Whole) -> Option<Self> {
        sum.value().try_into().ok()
    }
}

impl Number for Total {
    type Sum = Exact;

    #[inline]
    fn add(&self, sum: &mut Exact) -> isize {
        sum.add_f64(self.0)
    }

    fn add_powers<const N: usize>(&self, sums: &mut [Exact; N]) -> isize {
        match split(self.0) {
            Ok((mantissa, exponent)) => Exact::add_powers(sums, i128::from(mantissa), exponent),
            Err(special) => Exact::add_special_powers(sums, special),
        }
    }

    fn can_be(_: &Exact) -> bool {
        true
    }

    fn of(sum: &Exact) -> Option<Self> {
        Some(Self(sum.to_f64()))
    }
}

impl Number for i128 {
    type Sum = Exact;

    fn add(&self, sum: &mut Exact) -> isize {
        sum.add_i128(*self)
    }

    fn add_powers<const N: usize>(&self, sums: &mut [Exact; N]) -> isize {
        Exact::add_powers(sums, *self, 0)
    }

    fn can_be(sum: &Exact) -> bool {
        sum.is_whole()
    }

    fn of(sum: &Exact) -> Option<Self> {
        const BEYOND: u128 = 10_u128.pow(DIGITS);
        sum.to_i128().filter(|value| value.unsigned_abs() < BEYOND)
    }
}

/// The type of sums of a prepared column.
pub(super) fn sum_type(prepared: &DataType) -> DataType {
    match prepared {
        DataType::Decimal128(_, scale) => DataType::Decimal128(DIGITS as u8, *scale),
        other => other.clone(),
    }
}

/// What a numerator and a denominator are multiplied by to take `degree` scales of a prepared column's digits off.
pub(super) fn scales(prepared: &DataType, degree: u32) -> (BigUint, BigUint) {
    let scale = match prepared {
        DataType::Decimal128(_, scale) => i32::from(*scale),
        _ => 0,
    };
    let ten = BigUint::from(10_u32);
    let power = |scale: i32| ten.pow(degree * u32::try_from(scale).unwrap_or(0));
    (power(-scale), power(scale))
}

/// A finite sum as `number * 2^exponent`.
pub(super) fn number(sum: &Exact) -> Result<(BigInt, i64), Special> {
    let (negative, magnitude, exponent) = sum.magnitude()?;
    let digits = magnitude.iter().flat_map(|limb| [*limb as u32, (limb >> 32) as u32]);
    let sign = if negative { Sign::Minus } else { Sign::Plus };
    Ok((BigInt::new(sign, digits.collect()), exponent))
}
