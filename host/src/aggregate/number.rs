use arrow::datatypes::DataType;
use num_bigint::{BigInt, BigUint, Sign};

use super::class::{Native, Total};
use super::exact::{Exact, Special, split};

/// Digits of the decimals that sums come to.
const DIGITS: u32 = 38;

/// A value that can be added.
pub(super) trait Number: Native {
    /// Adds it to a sum. Tells by how many bytes of heap that has grown.
    fn add(&self, sum: &mut Exact) -> isize;
    /// Adds it to the first sum, its square to the second, and so on.
    fn add_powers<const N: usize>(&self, sums: &mut [Exact; N]) -> isize;
    /// Whether a sum can be one of such values.
    fn can_be(sum: &Exact) -> bool;
    /// A sum as such a value, none if it does not fit. Decimals have 38 digits.
    fn of(sum: &Exact) -> Option<Self>;
}

impl Number for i64 {
    #[inline]
    fn add(&self, sum: &mut Exact) -> isize {
        sum.add_i64(*self)
    }

    fn add_powers<const N: usize>(&self, sums: &mut [Exact; N]) -> isize {
        Exact::add_powers(sums, i128::from(*self), 0)
    }

    fn can_be(sum: &Exact) -> bool {
        sum.is_whole()
    }

    fn of(sum: &Exact) -> Option<Self> {
        sum.to_i128()?.try_into().ok()
    }
}

impl Number for Total {
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
