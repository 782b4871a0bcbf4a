//! Exact numbers to the nearest float64, ties to even: rounded once, subnormals and the overflow to infinity included.

use std::num::NonZeroU64;

use num_bigint::{BigInt, BigUint, Sign};

/// Limbs of a numerator that is divided without large numbers.
pub(super) const SHORT_LIMBS: usize = 8;
/// Bits of a quotient that decide its rounding: 53 of the result, one for the half, and some to spare.
const QUOTIENT_BITS: u64 = 66;
/// The weight of a subnormal's lowest bit is 2 to this.
const LEAST_EXPONENT: i64 = -1074;
const GREATEST_EXPONENT: i64 = 1023;

/// `magnitude * 2^exponent`, the lowest limb first. `more` says that a part of less than `2^exponent` was cut off; then the magnitude
/// has at least [`QUOTIENT_BITS`].
pub(super) fn round(negative: bool, magnitude: &[u64], exponent: i64, more: bool) -> f64 {
    let sign = if negative { -1.0 } else { 1.0 };
    let Some(highest) = magnitude.iter().rposition(|limb| *limb != 0) else {
        return 0.0;
    };
    let bits = 64 * (highest as i64 + 1) - i64::from(magnitude[highest].leading_zeros());
    let top = exponent + bits - 1;
    if top > GREATEST_EXPONENT {
        return sign * f64::INFINITY;
    }
    // The weight of the result's lowest bit, and how many bits of the magnitude are below it.
    let unit = (top - 52).max(LEAST_EXPONENT);
    let below = unit - exponent;
    let mantissa = if below <= 0 {
        window(magnitude, 0) << -below
    } else {
        let mantissa = window(magnitude, below);
        let half = window(magnitude, below - 1) & 1 == 1;
        let rest = more || any_below(magnitude, below - 1);
        mantissa + u64::from(half && (rest || mantissa & 1 == 1))
    };
    // A mantissa that was rounded up to 2^53 carries into the exponent, up to infinity's.
    let biased = (unit - LEAST_EXPONENT).cast_unsigned();
    sign * f64::from_bits((biased << 52) + mantissa)
}

/// The 64 bits from a bit on.
fn window(limbs: &[u64], from: i64) -> u64 {
    let (limb, shift) = ((from / 64) as usize, from % 64);
    let at = |limb: usize| limbs.get(limb).copied().unwrap_or(0);
    match shift {
        0 => at(limb),
        shift => at(limb) >> shift | at(limb + 1) << (64 - shift),
    }
}

/// Whether a bit below this one is set.
fn any_below(limbs: &[u64], bit: i64) -> bool {
    let whole = ((bit / 64) as usize).min(limbs.len());
    let part = limbs.get(whole).is_some_and(|limb| limb << (63 - bit % 64) << 1 != 0);
    part || limbs[..whole].iter().any(|limb| *limb != 0)
}

/// `numerator / denominator * 2^exponent`; the denominator is not zero.
pub(super) fn ratio(numerator: &BigInt, denominator: &BigUint, exponent: i64) -> f64 {
    let shift = (denominator.bits() + QUOTIENT_BITS).saturating_sub(numerator.bits());
    let shifted = numerator.magnitude() << shift;
    let quotient = &shifted / denominator;
    let more = &quotient * denominator != shifted;
    let negative = numerator.sign() == Sign::Minus;
    round(
        negative,
        &quotient.to_u64_digits(),
        exponent - shift.cast_signed(),
        more,
    )
}

/// The same as [`ratio`], without large numbers.
pub(super) fn short_ratio(
    negative: bool,
    numerator: &[u64; SHORT_LIMBS],
    denominator: NonZeroU64,
    exponent: i64,
) -> f64 {
    let (quotient, shift, more) = divide(numerator, denominator, QUOTIENT_BITS);
    round(negative, &quotient, exponent - shift, more)
}

/// The square root of `numerator / denominator * 2^exponent`, without large numbers.
pub(super) fn short_root(numerator: &[u64; SHORT_LIMBS], denominator: NonZeroU64, exponent: i64) -> f64 {
    let (quotient, shift, more) = divide(numerator, denominator, 128);
    let Some(highest) = quotient.iter().rposition(|limb| *limb != 0) else {
        return 0.0;
    };
    let bits = 64 * (highest as i64 + 1) - i64::from(quotient[highest].leading_zeros());
    // The highest 127 or 128 bits, so many that what they are multiples of has a root.
    let below = (bits - 128).max(0);
    let below = below + (exponent - shift + below).rem_euclid(2);
    let square = u128::from(window(&quotient, below + 64)) << 64 | u128::from(window(&quotient, below));
    let root = square.isqrt();
    let more = more || any_below(&quotient, below) || root * root != square;
    round(false, &[root as u64], (exponent - shift + below) / 2, more)
}

/// A quotient of at least so many bits, how far the numerator was shifted for them, and whether there is a rest. What is wanted and the
/// denominator's bits have to fit.
fn divide(numerator: &[u64; SHORT_LIMBS], denominator: NonZeroU64, wanted: u64) -> ([u64; SHORT_LIMBS], i64, bool) {
    let mut quotient = [0; SHORT_LIMBS];
    let Some(highest) = numerator.iter().rposition(|limb| *limb != 0) else {
        return (quotient, 0, false);
    };
    let denominator_bits = u64::from(u64::BITS - denominator.leading_zeros());
    let bits = 64 * (highest as u64 + 1) - u64::from(numerator[highest].leading_zeros());
    let shift = (denominator_bits + wanted).saturating_sub(bits);
    let (whole, part) = ((shift / 64) as usize, shift % 64);
    for at in (whole..SHORT_LIMBS).rev() {
        let from = at - whole;
        quotient[at] = match (part, from) {
            (0, _) => numerator[from],
            (_, 0) => numerator[0] << part,
            _ => numerator[from] << part | numerator[from - 1] >> (64 - part),
        };
    }
    let length = (highest + whole + 2).min(SHORT_LIMBS);
    let mut rest = 0;
    for limb in quotient[..length].iter_mut().rev() {
        let wide = u128::from(rest) << 64 | u128::from(*limb);
        *limb = (wide / u128::from(denominator.get())) as u64;
        rest = (wide % u128::from(denominator.get())) as u64;
    }
    (quotient, shift.cast_signed(), rest != 0)
}

/// The square root of `numerator / denominator * 4^exponent`; the denominator is not zero.
pub(super) fn root(numerator: &BigUint, denominator: &BigUint, exponent: i64) -> f64 {
    let least = denominator.bits() + 2 * QUOTIENT_BITS;
    let shift = least.saturating_sub(numerator.bits()).next_multiple_of(2);
    let shifted = numerator << shift;
    // The root of the quotient's whole part is the whole part of the quotient's root.
    let quotient = &shifted / denominator;
    let root = quotient.sqrt();
    let more = &root * &root * denominator != shifted;
    let exponent = exponent - (shift / 2).cast_signed();
    round(false, &root.to_u64_digits(), exponent, more)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn what_is_a_float_stays(bits in any::<u64>(), limbs in 0_usize..4) {
            let value = f64::from_bits(bits);
            prop_assume!(value.is_finite() && value != 0.0);
            let (mantissa, exponent) = super::super::exact::split(value).expect("finite");
            let mut magnitude = vec![0; limbs];
            magnitude.push(mantissa.unsigned_abs());
            let exponent = i64::from(exponent) - 64 * limbs as i64;
            prop_assert_eq!(round(value < 0.0, &magnitude, exponent, false).to_bits(), bits);
        }

        #[test]
        fn whole_numbers_round_as_casts_do(value in any::<u128>(), shift in 0..128) {
            let value = value >> shift;
            let limbs = [value as u64, (value >> 64) as u64];
            prop_assert_eq!(round(false, &limbs, 0, false), value as f64);
        }

        #[test]
        fn quotients_round_as_division_does(a in any::<i32>(), b in 1..u32::MAX) {
            prop_assert_eq!(ratio(&a.into(), &b.into(), 0), f64::from(a) / f64::from(b));
            let root_of = f64::from(a.unsigned_abs());
            prop_assert_eq!(root(&a.unsigned_abs().into(), &1_u32.into(), 0), root_of.sqrt());
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn short_quotients_are_those_of_large_numbers(
            limbs in any::<[u64; SHORT_LIMBS]>(),
            keep in 0..=64 * SHORT_LIMBS as u32,
            zeros in 0..=64 * SHORT_LIMBS as u32,
            denominator in 1..=u64::MAX,
            small in 0..64_u32,
            exponent in prop_oneof![Just(0), -1700..700_i64],
            negative in any::<bool>(),
        ) {
            // Some bits in the middle, zeros at either end.
            let limbs: [u64; SHORT_LIMBS] = std::array::from_fn(|at| {
                let bit = |bit: u32| 64 * at as u32 + bit;
                (0..64).filter(|at| bit(*at) < keep && bit(*at) >= zeros.min(keep / 2)).fold(0, |all, at| all | limbs[bit(at) as usize / 64] & 1 << at)
            });
            let denominator = NonZeroU64::new(denominator >> small).unwrap_or(NonZeroU64::MIN);
            let digits = limbs.iter().flat_map(|limb| [*limb as u32, (limb >> 32) as u32]).collect();
            let sign = if negative { Sign::Minus } else { Sign::Plus };
            let whole = BigInt::new(sign, digits);
            let right = ratio(&whole, &denominator.get().into(), exponent);
            prop_assert_eq!(short_ratio(negative, &limbs, denominator, exponent).to_bits(), right.to_bits());
            let (twice, half) = (exponent.rem_euclid(2) as u64, exponent.div_euclid(2));
            let right = root(&(whole.magnitude() << twice), &denominator.get().into(), half);
            prop_assert_eq!(short_root(&limbs, denominator, exponent).to_bits(), right.to_bits());
        }
    }

    #[test]
    fn the_edges() {
        let least = f64::from_bits(1);
        for (limbs, exponent, more, value) in [
            (&[1][..], -1074, false, least),
            (&[1], -1075, false, 0.0),
            (&[3], -1076, false, least),
            (&[1, 1], -1139, false, least),
            (&[0, 1], -1139, false, 0.0),
            (&[0, 1], -1139, true, least),
            (&[1], -1200, false, 0.0),
            (&[u64::MAX], 959, false, 2_f64.powi(1023)),
            (&[u64::MAX - 0x7ff], 960, false, f64::MAX),
            (&[u64::MAX - 0x400], 960, false, f64::MAX),
            (&[u64::MAX - 0x3ff], 960, false, f64::INFINITY),
            (&[1], 1024, false, f64::INFINITY),
            (&[(1 << 53) + 1], 0, false, 9_007_199_254_740_992.0),
            (&[(1 << 53) + 3], 0, false, 9_007_199_254_740_996.0),
            (&[], 0, false, 0.0),
        ] {
            assert_eq!(round(false, limbs, exponent, more), value, "{limbs:?} 2^{exponent}");
            assert_eq!(round(true, limbs, exponent, more), -value, "-{limbs:?} 2^{exponent}");
        }
        for (numerator, exponent, value) in [
            (2_u32, 600, 2_f64.sqrt() * 2_f64.powi(600)),
            (2, -600, 2_f64.sqrt() * 2_f64.powi(-600)),
            (9, -1074, 1.5e-323),
            (2, -1074, 5e-324),
            (0, 0, 0.0),
            (4, 1023, f64::INFINITY),
        ] {
            assert_eq!(
                root(&numerator.into(), &1_u32.into(), exponent),
                value,
                "{numerator} {exponent}"
            );
        }
    }
}
