//! What the benchmark computes, the same source in the guest and in its native twin.

/// Whether a row stays.
#[inline(always)]
pub fn is_dear(amount: f64, limit: f64) -> bool {
    amount > limit
}

/// A polynomial of degree 25 by Horner's scheme: 25 products, 25 sums.
#[inline(always)]
pub fn fifty_flops(x: f64) -> f64 {
    let mut sum = 1.0 / 51.0;
    for term in 0..25 {
        sum = sum * x + TERMS[term];
    }
    sum
}

const TERMS: [f64; 25] = {
    let mut terms = [0.0; 25];
    let mut term = 0;
    while term < 25 {
        terms[term] = 1.0 / (50 - term) as f64;
        term += 1;
    }
    terms
};
