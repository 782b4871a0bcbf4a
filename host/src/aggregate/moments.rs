use std::marker::PhantomData;
use std::sync::Arc;

use arrow::array::{Array, Float64Array};
use arrow::datatypes::DataType;
use num_bigint::{BigInt, BigUint, Sign};

use super::class::native;
use super::codec::{self, Reader, put_varint};
use super::count::counts;
use super::error::StateError;
use super::exact::Exact;
use super::function::{Function, StateKind};
use super::number::{Number, Sums, number, scales};
use super::round::{ratio, root};
use super::short::Short;
use super::states::{Aggregator, Finalized, Rows};
use super::sum::{Sum, Summed};

/// How many values there are and the exact sums of their first `N` powers `S1`, `S2`, …: two for variances, four for skew and kurtosis.
///
/// With `A2 = n S2 - S1^2`, `A3 = n^2 S3 - 3 n S1 S2 + 2 S1^3` and `A4 = n^3 S4 - 4 n^2 S1 S3 + 6 n S1^2 S2 - 3 S1^4`, the central moments
/// times `n` to their degree:
/// - the variance is `A2 / n^2` of the population and `A2 / (n (n - 1))` of a sample, which is null for one value;
/// - the standard deviation is the square root of the variance before that is rounded;
/// - the skewness is `A3 / A2^(3/2)`;
/// - the excess kurtosis is `A4 / A2^2 - 3`.
///
/// Each is taken exactly and rounded once to the nearest float64, infinite beyond the greatest. Skewness and kurtosis are null if all
/// values are equal. With a value that is not finite all are NaN, but for the sample variants of one row, which are null.
#[derive(Debug, Clone)]
pub(super) struct Moments<V, const N: usize> {
    prepared: DataType,
    values: PhantomData<V>,
}

/// What [`Moments`] keep of a group.
#[derive(Debug, Clone)]
pub(super) struct Powers<const N: usize> {
    count: u64,
    sums: [Exact; N],
}

impl<V: Number, const N: usize> Moments<V, N> {
    pub(super) fn new(prepared: DataType) -> Self {
        const { assert!(N == 2 || N == 4) };
        Self {
            prepared,
            values: PhantomData,
        }
    }
}

impl<V: Number, const N: usize> Aggregator for Moments<V, N> {
    type State = Powers<N>;

    fn kind(&self) -> StateKind {
        if N == 2 {
            StateKind::Moments2
        } else {
            StateKind::Moments4
        }
    }

    fn header(&self) -> Vec<u8> {
        codec::header(self.kind(), Some(V::CLASS))
    }

    fn empty(&self) -> Powers<N> {
        Powers {
            count: 0,
            sums: [const { Exact::ZERO }; N],
        }
    }

    fn update(&self, states: &mut [Powers<N>], groups: &[usize], rows: Rows<'_>) -> Result<isize, StateError> {
        let array = native::<V>(rows.values).ok_or_else(|| codec::unprepared(self.kind(), rows.values))?;
        let mut grown = 0;
        for (row, group) in groups.iter().enumerate() {
            if array.is_valid(row) {
                let state = &mut states[*group];
                state.count += 1;
                grown += V::get(array, row).add_powers(&mut state.sums);
            }
        }
        Ok(grown)
    }

    fn merge(&self, into: &mut Powers<N>, from: &Powers<N>) -> isize {
        into.count = into.count.saturating_add(from.count);
        let sums = into.sums.iter_mut().zip(&from.sums);
        sums.map(|(into, from)| into.merge(from)).sum()
    }

    fn encode(&self, state: &Powers<N>, out: &mut Vec<u8>) {
        put_varint(state.count, out);
        state.sums.iter().for_each(|sum| sum.encode(out));
    }

    fn decode(&self, reader: &mut Reader<'_>) -> Option<Powers<N>> {
        let mut state = self.empty();
        state.count = reader.varint()?;
        for sum in &mut state.sums {
            *sum = Exact::decode(reader)?;
            if !V::can_be(sum) || state.count == 0 && !sum.is_zero() {
                return None;
            }
        }
        // A sum that so many values cannot have is found here, and not when it is asked for.
        state.first::<V>()?;
        Some(state)
    }

    fn finalize(&self, states: &[Powers<N>], function: &Function) -> Result<Finalized, StateError> {
        if *function == Function::Count {
            return Ok(counts(states.iter().map(|state| state.count)));
        }
        if StateKind::Sum.serves(function) {
            let sums: Option<Vec<_>> = states.iter().map(Powers::first::<V>).collect();
            let sums =
                sums.ok_or_else(|| codec::corrupt(self.kind(), "its sum is more than its count of values can have"))?;
            return Sum::<V>::new(self.prepared.clone()).finalize(&sums, function);
        }
        let (up, down) = scales(&self.prepared, 2);
        let short = Short::new(&up, &down);
        let up = BigInt::from(up);
        let spread = |state: &Powers<N>, one_less: u64, rooted: bool| {
            let count = state.count;
            if count <= one_less {
                return None;
            }
            if let Some(spread) = short.spread([&state.sums[0], &state.sums[1]], count, one_less, rooted) {
                return Some(spread);
            }
            Some(state.central().map_or(f64::NAN, |central| {
                let dividend = central.second() * &up;
                let divisor = BigUint::from(count) * (count - one_less) * &down;
                match dividend.to_biguint() {
                    Some(dividend) if rooted => root(&dividend, &divisor, central.exponent),
                    // No values come to that, but stored bytes may.
                    None if rooted => f64::NAN,
                    _ => ratio(&dividend, &divisor, 2 * central.exponent),
                }
            }))
        };
        let shape = |state: &Powers<N>, of: fn(&Central) -> Option<f64>| match state.central() {
            _ if state.count == 0 => None,
            Some(central) => of(&central),
            None => Some(f64::NAN),
        };
        let value = |state: &Powers<N>| match function {
            Function::VarPop => spread(state, 0, false),
            Function::VarSamp => spread(state, 1, false),
            Function::StddevPop => spread(state, 0, true),
            Function::StddevSamp => spread(state, 1, true),
            Function::Skew => shape(state, Central::skew),
            _ => shape(state, Central::kurtosis),
        };
        let values: Float64Array = states.iter().map(value).collect();
        Ok(Finalized {
            values: Arc::new(values),
            overflows: 0,
        })
    }

    fn heap_bytes(&self, state: &Powers<N>) -> usize {
        state.sums.iter().map(Exact::heap_bytes).sum()
    }
}

/// The count and the sums of powers as whole numbers: the sum of the `k`th powers in units of `2^(k * exponent)`. Sums that are not
/// kept are zero.
struct Central {
    exponent: i64,
    n: BigInt,
    s: [BigInt; 4],
}

impl<const N: usize> Powers<N> {
    /// The sum and the count, none if there is no such sum of so many values.
    fn first<V: Number>(&self) -> Option<Summed<V::Sum>> {
        let sum = V::Sum::decode(self.sums[0].clone(), self.count)?;
        Some(Summed::new(self.count, sum))
    }

    /// None if a value was not finite.
    fn central(&self) -> Option<Central> {
        let mut sums = [const { (BigInt::ZERO, 0) }; 4];
        for (to, sum) in sums.iter_mut().zip(&self.sums) {
            *to = number(sum).ok()?;
        }
        let exponents = (1..).zip(&sums[..N]).map(|(degree, (_, own))| own.div_euclid(degree));
        let exponent = exponents.min().unwrap_or(0).min(0);
        let mut degree = 0;
        Some(Central {
            exponent,
            n: self.count.into(),
            s: sums.map(|(sum, own)| {
                degree += 1;
                sum << (own - degree * exponent)
            }),
        })
    }
}

impl Central {
    fn second(&self) -> BigInt {
        let [s1, s2, ..] = &self.s;
        &self.n * s2 - s1 * s1
    }

    fn skew(&self) -> Option<f64> {
        let (n, [s1, s2, s3, _]) = (&self.n, &self.s);
        let second = self.second().to_biguint().filter(|second| *second != BigUint::ZERO)?;
        let third: BigInt = n * (n * s3 - 3 * s1 * s2) + 2 * s1 * s1 * s1;
        let skew = root(&third.magnitude().pow(2), &second.pow(3), 0);
        Some(if third.sign() == Sign::Minus { -skew } else { skew })
    }

    fn kurtosis(&self) -> Option<f64> {
        let (n, [s1, s2, s3, s4]) = (&self.n, &self.s);
        let second = self.second().to_biguint().filter(|second| *second != BigUint::ZERO)?;
        let square = second.pow(2);
        let s1_squared = s1 * s1;
        let fourth = n * (n * (n * s4 - 4 * s1 * s3) + 6 * &s1_squared * s2) - 3 * &s1_squared * &s1_squared;
        let excess = fourth - 3 * BigInt::from(square.clone());
        Some(ratio(&excess, &square, 0))
    }
}
