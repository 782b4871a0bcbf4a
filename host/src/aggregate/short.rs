//! Means and variances of sums that need no heap: the same quotients as of large numbers, without making any.

use std::num::NonZeroU64;

use num_bigint::BigUint;

use super::exact::Exact;
use super::round::{SHORT_LIMBS, short_ratio, short_root};

/// What denominators are multiplied by; none if large numbers are needed anyway.
#[derive(Debug, Clone, Copy)]
pub(super) struct Short(Option<u64>);

impl Short {
    /// From what a numerator and a denominator are multiplied by.
    pub(super) fn new(up: &BigUint, down: &BigUint) -> Self {
        let one = *up == BigUint::ZERO + 1_u32;
        Self(down.try_into().ok().filter(|_| one))
    }

    /// The mean; none if it has to be taken in another way.
    pub(super) fn mean(self, sum: &Exact, count: u64) -> Option<f64> {
        let (negative, limbs, exponent) = sum.inline_magnitude()?;
        let divisor = NonZeroU64::new(count.checked_mul(self.0?)?)?;
        let mut numerator = [0; SHORT_LIMBS];
        numerator[..limbs.len()].copy_from_slice(&limbs);
        Some(short_ratio(negative, &numerator, divisor, exponent))
    }

    /// `(count second - first^2) / (count (count - one_less))` or its root; none if it has to be taken in another way.
    pub(super) fn spread(self, sums: [&Exact; 2], count: u64, one_less: u64, rooted: bool) -> Option<f64> {
        let [first, second] = sums;
        let (_, first, first_exponent) = first.inline_magnitude()?;
        let (negative, second, second_exponent) = second.inline_magnitude()?;
        let divisor = count.checked_mul(count.checked_sub(one_less)?)?;
        let divisor = NonZeroU64::new(divisor.checked_mul(self.0?)?)?;
        let exponent = (2 * first_exponent).min(second_exponent);
        let mut moment = [0; SHORT_LIMBS];
        multiply_into(&mut moment, place(second_exponent - exponent)?, &second, &[count])?;
        let mut square = [0; SHORT_LIMBS];
        multiply_into(&mut square, place(2 * first_exponent - exponent)?, &first, &first)?;
        let mut borrow = false;
        for (limb, other) in moment.iter_mut().zip(square) {
            (*limb, borrow) = limb.borrowing_sub(other, borrow);
        }
        // Of values there are, neither is less than zero; of others nothing is said here.
        let sound = !negative && !borrow;
        sound.then(|| match rooted {
            true => short_root(&moment, divisor, exponent),
            false => short_ratio(false, &moment, divisor, exponent),
        })
    }
}

/// Which limb a number begins at: exponents of sums are multiples of a limb's bits.
fn place(bits: i64) -> Option<usize> {
    let place = usize::try_from(bits / 64).ok()?;
    (bits % 64 == 0 && place < SHORT_LIMBS).then_some(place)
}

/// Adds a product from a limb on, which is zeros; none if it is too long.
fn multiply_into(to: &mut [u64; SHORT_LIMBS], from: usize, left: &[u64], right: &[u64]) -> Option<()> {
    for (i, x) in left.iter().enumerate().filter(|(_, x)| **x != 0) {
        let mut carry = 0;
        for (j, y) in right.iter().enumerate() {
            let Some(limb) = to.get_mut(from + i + j) else {
                if *y != 0 || carry != 0 {
                    return None;
                }
                continue;
            };
            (*limb, carry) = x.carrying_mul_add(*y, *limb, carry);
        }
        let mut at = from + i + right.len();
        while carry != 0 {
            let limb = to.get_mut(at)?;
            let (sum, over) = limb.overflowing_add(carry);
            (*limb, carry) = (sum, u64::from(over));
            at += 1;
        }
    }
    Some(())
}

#[cfg(test)]
mod tests {
    use num_bigint::BigInt;
    use proptest::prelude::*;

    use super::super::number::number;
    use super::super::round::{ratio, root};
    use super::*;

    fn value() -> impl Strategy<Value = f64> {
        prop_oneof![
            (-100_000..100_000_i64).prop_map(|cents| cents as f64 / 100.0),
            -1e9..1e9,
            any::<i32>().prop_map(f64::from),
            Just(0.0),
            Just(29.33),
        ]
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn quotients_are_those_of_large_numbers(
            values in prop::collection::vec(value(), 1..40),
            same in any::<bool>(),
            scale in 0_u32..4,
            one_less in 0_u64..2,
        ) {
            let (mut sum, mut powers) = (Exact::ZERO, [Exact::ZERO, Exact::ZERO]);
            for value in &values {
                let value = if same { values[0] } else { *value };
                sum.add_f64(value);
                let (mantissa, exponent) = super::super::exact::split(value).expect("finite");
                Exact::add_powers(&mut powers, i128::from(mantissa), exponent);
            }
            let count = values.len() as u64;
            let down = BigUint::from(10_u32).pow(scale);
            let short = Short::new(&1_u32.into(), &down);
            let (whole, exponent) = number(&sum).expect("finite");
            let mean = ratio(&whole, &(&down * count), exponent);
            if let Some(short) = short.mean(&sum, count) {
                prop_assert_eq!(short.to_bits(), mean.to_bits());
            }
            prop_assume!(count > one_less);
            let [(s1, e1), (s2, e2)] = [&powers[0], &powers[1]].map(|sum| number(sum).expect("finite"));
            let unit = (2 * e1).min(e2);
            let second: BigInt = (s2 << (e2 - unit)) * count - ((&s1 * &s1) << (2 * e1 - unit));
            let divisor = &down * count * (count - one_less);
            let variance = ratio(&second, &divisor, unit);
            // Exponents are multiples of a limb's bits.
            let deviation = root(second.magnitude(), &divisor, unit / 2);
            let sums = [&powers[0], &powers[1]];
            if let Some(short) = short.spread(sums, count, one_less, false) {
                prop_assert_eq!(short.to_bits(), variance.to_bits());
                let short = Short::new(&1_u32.into(), &down).spread(sums, count, one_less, true);
                prop_assert_eq!(short.map(f64::to_bits), Some(deviation.to_bits()));
            } else {
                // Cents, at least, are quick.
                prop_assert!(values.iter().any(|value| value.abs() > 1e5));
            }
        }
    }

    #[test]
    fn what_is_no_sum_of_squares_is_left() {
        let mut sums = [Exact::ZERO, Exact::ZERO];
        sums[0].add_i128(3);
        sums[1].add_i128(2);
        let short = Short::new(&1_u32.into(), &1_u32.into());
        assert_eq!(short.spread([&sums[0], &sums[1]], 2, 0, true), None);
        sums[1].add_i128(-9);
        assert_eq!(short.spread([&sums[0], &sums[1]], 2, 0, true), None);
        assert_eq!(short.mean(&sums[1], 2), Some(-3.5));
    }
}
