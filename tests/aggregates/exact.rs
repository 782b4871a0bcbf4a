//! Quotients and roots of whole numbers of any size, rounded once to the nearest float64, ties to even.

use num_bigint::{BigInt, BigUint, Sign};

/// Floats are counted in units of 2 to minus this: the least one is one unit.
pub const UNIT: u64 = 1074;

/// How many units a finite float is: `value * 2^1074`.
pub fn units(value: f64) -> BigInt {
    let bits = value.to_bits();
    let (biased, fraction) = ((bits >> 52) & 0x7ff, bits & ((1 << 52) - 1));
    assert!(biased < 0x7ff, "{value} is not finite");
    let magnitude = match biased {
        0 => BigInt::from(fraction),
        _ => BigInt::from(fraction | 1 << 52) << (biased - 1),
    };
    if value.is_sign_negative() {
        -magnitude
    } else {
        magnitude
    }
}

/// `numerator / denominator`; the denominator is positive.
pub fn quotient(numerator: &BigInt, denominator: &BigInt) -> f64 {
    let (sign, top) = (numerator.sign(), numerator.magnitude());
    let bottom = denominator.magnitude();
    assert_eq!(denominator.sign(), Sign::Plus);
    if sign == Sign::NoSign {
        return 0.0;
    }
    // 55 or 56 bits of it, or as many as there are down to half of the least float.
    let shift = (55 - length(top) + length(bottom)).min(1075);
    let (top, bottom) = scaled(top, bottom, shift);
    let (whole, rest) = (&top / &bottom, &top % &bottom);
    signed(sign, nearest(&whole, shift, rest != BigUint::ZERO))
}

/// The square root of `numerator / denominator` with the sign of `sign`; neither is negative.
pub fn root(sign: Sign, numerator: &BigInt, denominator: &BigInt) -> f64 {
    let (top, bottom) = (numerator.magnitude(), denominator.magnitude());
    if sign == Sign::NoSign || *top == BigUint::ZERO {
        return 0.0;
    }
    let shift = ((114 - length(top) + length(bottom)) / 2).min(1075);
    let (top, bottom) = scaled(top, bottom, 2 * shift);
    let (whole, rest) = (&top / &bottom, &top % &bottom);
    let root = whole.sqrt();
    let more = rest != BigUint::ZERO || &root * &root != whole;
    signed(sign, nearest(&root, shift, more))
}

fn length(number: &BigUint) -> i64 {
    number.bits().cast_signed()
}

fn signed(sign: Sign, magnitude: f64) -> f64 {
    if sign == Sign::Minus { -magnitude } else { magnitude }
}

/// `top * 2^shift / bottom` without a fraction in `shift`.
fn scaled(top: &BigUint, bottom: &BigUint, shift: i64) -> (BigUint, BigUint) {
    if shift >= 0 {
        (top << shift, bottom.clone())
    } else {
        (top.clone(), bottom << -shift)
    }
}

/// The float nearest to `whole * 2^-shift`, or to a little more if `more`.
fn nearest(whole: &BigUint, shift: i64, more: bool) -> f64 {
    let cut = (length(whole) - 53).max(shift - 1074);
    assert!(cut >= 1, "a bit to round by");
    let half = BigUint::from(1_u8) << (cut - 1);
    let kept = whole >> cut;
    let rest = whole - (&kept << cut);
    let mut kept = u64::try_from(&kept).unwrap();
    if rest > half || rest == half && (more || kept % 2 == 1) {
        kept += 1;
    }
    let mut exponent = cut - shift;
    if kept == 1 << 53 {
        (kept, exponent) = (1 << 52, exponent + 1);
    }
    if kept < 1 << 52 {
        assert_eq!(exponent, -1074);
        return f64::from_bits(kept);
    }
    let biased = (exponent + 1075).cast_unsigned();
    if biased >= 0x7ff {
        return f64::INFINITY;
    }
    f64::from_bits(biased << 52 | (kept - (1 << 52)))
}

#[test]
fn rounds_as_the_machine_does() {
    let mut random = crate::harness::Random(7);
    let mut any = || {
        let bits = random.next();
        // Of all sizes, and halves between two floats.
        let narrow = bits >> (bits % 60);
        narrow.max(1)
    };
    for _ in 0..20_000 {
        let (a, b) = (any(), any());
        let exact = |number: u64| BigInt::from(number);
        assert_eq!(quotient(&exact(a), &exact(1)), a as f64, "{a}");
        let (a53, b53) = (a >> 11, (b >> 11).max(1));
        assert_eq!(
            quotient(&exact(a53), &exact(b53)),
            a53 as f64 / b53 as f64,
            "{a53} / {b53}"
        );
        assert_eq!(root(Sign::Plus, &exact(a53), &exact(1)), (a53 as f64).sqrt(), "{a53}");
        // Any two floats: quotients and products of floats are rounded by IEEE, at both ends too.
        let (x, y) = (f64::from_bits(a.wrapping_mul(b)), f64::from_bits(b.wrapping_mul(b)));
        if x.is_finite() && y.is_finite() && x > 0.0 && y > 0.0 {
            let (ux, uy) = (units(x), units(y));
            assert_eq!(quotient(&ux, &uy), x / y, "{x:e} / {y:e}");
            let one = BigInt::from(1) << UNIT;
            assert_eq!(quotient(&(&ux * &uy), &(&one * &one)), x * y, "{x:e} * {y:e}");
            assert_eq!(quotient(&(ux + uy), &one), x + y, "{x:e} + {y:e}");
        }
    }
}
