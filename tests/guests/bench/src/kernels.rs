//! What the benchmark computes, the same source in the guest and in its native twin.

/// Whether a row stays.
#[inline(always)]
pub fn is_dear(amount: f64, limit: f64) -> bool {
    amount > limit
}

/// Fifty flops: 25 steps, each a product and a sum.
#[inline(always)]
pub fn fifty_flops(x: f64) -> f64 {
    (0..25).fold(x, |sum, _| sum * x + 0.5)
}

/// As many, with 26 constants: a polynomial of degree 25 by Horner's scheme.
#[inline(always)]
pub fn polynomial(x: f64) -> f64 {
    (1..26).fold(1.0 / 26.0, |sum, term| sum * x + 1.0 / (26 - term) as f64)
}
