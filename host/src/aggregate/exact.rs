use super::codec::{Reader, put_varint};
use super::round::round;

/// Limbs that are kept without heap: 192 bits hold float64 values whose exponents are up to 75 apart.
const INLINE: usize = 3;
/// Limbs of the largest power that is added: the fourth of an i128.
const POWER: usize = 8;
/// How far from the point a stored sum may reach, in bytes. Fourth powers of float64 begin at 2^-4296 and end at 2^4096; 2^64 of them
/// have some 4160 bits before the point.
const REACH: i64 = 1024;

/// An exact sum of whole numbers, float64 values and their powers up to the fourth.
///
/// A number in two's complement of as many limbs as its value needs, so it depends on what was added and never on the order. Beyond
/// finite numbers it follows IEEE addition: infinities stay, unlike infinities and NaN make NaN. Minus zero adds nothing: the sum of
/// minus zeros is plus zero.
///
/// Methods that add tell by how many bytes of heap it has grown.
#[derive(Debug, Clone)]
pub(super) struct Exact(Form);

#[derive(Debug, Clone)]
enum Form {
    /// Limb `i` weighs `2^(64 * (low + i))`; the highest one has the sign.
    Inline { low: i32, limbs: [u64; INLINE] },
    /// The same, and longer.
    Heap { low: i32, limbs: Box<[u64]> },
    /// Whatever is added, it is not finite again.
    Special(Special),
}

/// A sum that is not finite.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Special {
    /// Of plus infinities and finite numbers.
    PlusInfinity = 1,
    /// Of minus infinities and finite numbers.
    MinusInfinity = 2,
    /// Of NaN, or of both infinities.
    Nan = 3,
}

impl Special {
    fn add(self, other: Self) -> Self {
        if self == other { self } else { Self::Nan }
    }

    fn power(self, exponent: u32) -> Self {
        match self {
            Self::MinusInfinity if exponent.is_multiple_of(2) => Self::PlusInfinity,
            other => other,
        }
    }

    /// As IEEE has it.
    pub(super) fn value(self) -> f64 {
        match self {
            Self::PlusInfinity => f64::INFINITY,
            Self::MinusInfinity => f64::NEG_INFINITY,
            Self::Nan => f64::NAN,
        }
    }
}

/// A finite float64 as `mantissa * 2^exponent`.
#[inline]
pub(super) fn split(value: f64) -> Result<(i64, i32), Special> {
    let bits = value.to_bits();
    let biased = (bits >> 52 & 0x7ff) as i32;
    let fraction = (bits & ((1 << 52) - 1)).cast_signed();
    if biased == 0x7ff {
        return Err(match (fraction, value > 0.0) {
            (0, true) => Special::PlusInfinity,
            (0, false) => Special::MinusInfinity,
            _ => Special::Nan,
        });
    }
    let mantissa = fraction | i64::from(biased != 0) << 52;
    let signed = if bits >> 63 == 0 { mantissa } else { -mantissa };
    Ok((signed, biased.max(1) - 1075))
}

impl Exact {
    /// The sum of nothing.
    pub(super) const ZERO: Self = Self(Form::Inline {
        low: 0,
        limbs: [0; INLINE],
    });

    #[inline]
    pub(super) fn add_f64(&mut self, value: f64) -> isize {
        match split(value) {
            Ok((mantissa, exponent)) => self.add_scaled(mantissa, exponent),
            Err(special) => self.add_special(special),
        }
    }

    pub(super) fn add_i128(&mut self, value: i128) -> isize {
        self.add_limbs(0, &halves(value))
    }

    /// Adds `value * 2^exponent` to the first sum, its square to the second, and so on.
    pub(super) fn add_powers<const N: usize>(sums: &mut [Self; N], value: i128, exponent: i32) -> isize {
        const { assert!(N <= 4) };
        if value == 0 {
            return 0;
        }
        let zeros = value.trailing_zeros().cast_signed();
        let value = value >> zeros;
        let factor = halves(value.unsigned_abs().cast_signed());
        let factor = &factor[..if factor[1] == 0 { 1 } else { 2 }];
        let mut power = [0; POWER + 2];
        power[0] = 1;
        let mut length = 1;
        let mut grown = 0;
        for (degree, sum) in (1..).zip(sums) {
            power = multiply(&power[..length], factor);
            length = degree as usize * factor.len();
            let negative = value < 0 && degree % 2 == 1;
            grown += sum.add_shifted(negative, &power[..length], degree * (exponent + zeros));
        }
        grown
    }

    /// Adds what is not finite to the first sum, its square to the second, and so on.
    pub(super) fn add_special_powers<const N: usize>(sums: &mut [Self; N], special: Special) -> isize {
        let powers = (1..).zip(sums);
        powers.map(|(degree, sum)| sum.add_special(special.power(degree))).sum()
    }

    #[cold]
    pub(super) fn add_special(&mut self, special: Special) -> isize {
        let sum = match self.0 {
            Form::Special(sum) => sum.add(special),
            _ => special,
        };
        self.replace(Form::Special(sum))
    }

    /// Adds another sum.
    pub(super) fn merge(&mut self, other: &Self) -> isize {
        match (&mut self.0, &other.0) {
            (_, Form::Special(special)) => self.add_special(*special),
            (Form::Special(_), _) => 0,
            (
                Form::Inline { low, limbs },
                Form::Inline {
                    low: other_low,
                    limbs: others,
                },
            ) => {
                if *limbs == [0; INLINE] {
                    (*low, *limbs) = (*other_low, *others);
                    return 0;
                }
                if low == other_low
                    && let Some(sum) = add_inline(limbs, others)
                {
                    *limbs = sum;
                    return 0;
                }
                self.add_limbs(*other_low, others)
            }
            (_, Form::Heap { low, limbs }) => self.add_limbs(*low, limbs),
            (_, Form::Inline { low, limbs }) => self.add_limbs(*low, limbs),
        }
    }

    /// Adds `value * 2^exponent`.
    #[inline]
    fn add_scaled(&mut self, value: i64, exponent: i32) -> isize {
        if let Form::Inline { low, limbs } = &mut self.0 {
            let bit = exponent - 64 * *low;
            if (0..128).contains(&bit) {
                let [first, second] = halves(i128::from(value) << (bit & 63));
                let sign = extension(second);
                let term = if bit < 64 {
                    [first, second, sign]
                } else {
                    [0, first, second]
                };
                if let Some(sum) = add_inline(limbs, &term) {
                    *limbs = sum;
                    return 0;
                }
            }
        }
        self.add_scaled_apart(value, exponent)
    }

    #[inline(never)]
    fn add_scaled_apart(&mut self, value: i64, exponent: i32) -> isize {
        if value == 0 {
            return 0;
        }
        let low = exponent.div_euclid(64);
        // Room for the mantissa's zeros too: then the next value of this size is added in place.
        let grown = self.cover(low, low + 2);
        grown + self.add_limbs(low, &halves(i128::from(value) << exponent.rem_euclid(64)))
    }

    /// Adds `magnitude * 2^exponent` or takes it away.
    fn add_shifted(&mut self, negative: bool, magnitude: &[u64], exponent: i32) -> isize {
        let shift = exponent.rem_euclid(64);
        let mut shifted = [0; POWER + 3];
        let mut carry = 0;
        for (to, limb) in shifted.iter_mut().zip(magnitude) {
            let wide = u128::from(*limb) << shift;
            *to = wide as u64 | carry;
            carry = (wide >> 64) as u64;
        }
        // The shift is less than a limb, so the sign's bit is free.
        shifted[magnitude.len()] = carry;
        let limbs = &mut shifted[..=magnitude.len()];
        if negative {
            negate(limbs);
        }
        self.add_limbs(exponent.div_euclid(64), limbs)
    }

    /// Adds a number in two's complement whose lowest limb weighs `2^(64 * low)`.
    fn add_limbs(&mut self, low: i32, limbs: &[u64]) -> isize {
        let (skipped, limbs) = trim(limbs);
        let low = low + skipped;
        if limbs.is_empty() {
            return 0;
        }
        let grown = self.cover(low, low + limbs.len() as i32);
        let (own_low, own) = match &mut self.0 {
            Form::Inline { low, limbs } => (*low, limbs.as_mut_slice()),
            Form::Heap { low, limbs } => (*low, &mut **limbs),
            Form::Special(_) => return 0,
        };
        if add_limbs(&mut own[(low - own_low) as usize..], limbs) {
            grown
        } else {
            grown + self.carry()
        }
    }

    /// The limbs and the place of the lowest; none if it is not finite.
    fn limbs(&self) -> Result<(i32, &[u64]), Special> {
        match &self.0 {
            Form::Inline { low, limbs } => Ok((*low, limbs)),
            Form::Heap { low, limbs } => Ok((*low, limbs)),
            Form::Special(special) => Err(*special),
        }
    }

    /// Makes room for the limbs from `low` to before `high`.
    fn cover(&mut self, low: i32, high: i32) -> isize {
        let Ok((own_low, own)) = self.limbs() else { return 0 };
        if own_low <= low && high <= own_low + own.len() as i32 {
            return 0;
        }
        let (skipped, kept) = trim(own);
        let from = own_low + skipped;
        let form = match kept {
            [] => Form::new(low, high, low, kept),
            _ => Form::new(low.min(from), high.max(from + kept.len() as i32), from, kept),
        };
        self.replace(form)
    }

    /// Adds the limb that a sum ran over into: its sign is the other one than that of the highest limb.
    #[cold]
    fn carry(&mut self) -> isize {
        let Ok((low, own)) = self.limbs() else { return 0 };
        let mut wide = own.to_vec();
        wide.push(wide.last().map_or(0, |highest| !extension(*highest)));
        let (skipped, kept) = trim(&wide);
        let low = low + skipped;
        let form = Form::new(low, low + kept.len() as i32, low, kept);
        self.replace(form)
    }

    fn replace(&mut self, form: Form) -> isize {
        let before = self.heap_bytes().cast_signed();
        self.0 = form;
        self.heap_bytes().cast_signed() - before
    }

    /// Bytes beside its own size.
    pub(super) fn heap_bytes(&self) -> usize {
        match &self.0 {
            Form::Heap { limbs, .. } => size_of_val(&**limbs),
            _ => 0,
        }
    }

    pub(super) fn is_zero(&self) -> bool {
        self.limbs().is_ok_and(|(_, limbs)| limbs.iter().all(|limb| *limb == 0))
    }

    /// Whether it has no bits behind the point.
    pub(super) fn is_whole(&self) -> bool {
        self.trimmed().is_ok_and(|(low, limbs)| low >= 0 || limbs.is_empty())
    }

    fn trimmed(&self) -> Result<(i32, &[u64]), Special> {
        self.limbs().map(|(low, limbs)| {
            let (skipped, limbs) = trim(limbs);
            (low + skipped, limbs)
        })
    }

    /// Its value if it is a whole number that fits.
    pub(super) fn to_i128(&self) -> Option<i128> {
        let (low, limbs) = self.trimmed().ok()?;
        let value = match (low, limbs) {
            (_, []) => 0,
            (0, [first]) => i128::from(first.cast_signed()),
            (0, [first, second]) => i128::from(second.cast_signed()) << 64 | i128::from(*first),
            (1, [second]) => i128::from(second.cast_signed()) << 64,
            _ => return None,
        };
        Some(value)
    }

    /// Sign, magnitude and exponent of two: `-?magnitude * 2^exponent`.
    pub(super) fn magnitude(&self) -> Result<(bool, Vec<u64>, i64), Special> {
        let (low, limbs) = self.trimmed()?;
        let mut magnitude = limbs.to_vec();
        let negative = limbs.last().is_some_and(|highest| highest.cast_signed() < 0);
        if negative {
            negate(&mut magnitude);
        }
        Ok((negative, magnitude, 64 * i64::from(low)))
    }

    /// The same of a sum without heap, in limbs that may be zero: for those that need not allocate.
    #[inline]
    pub(super) fn inline_magnitude(&self) -> Option<(bool, [u64; INLINE], i64)> {
        let Form::Inline { low, mut limbs } = self.0 else {
            return None;
        };
        let negative = limbs[INLINE - 1].cast_signed() < 0;
        if negative {
            negate(&mut limbs);
        }
        Some((negative, limbs, 64 * i64::from(low)))
    }

    /// The nearest float64, ties to even; infinite beyond the greatest.
    pub(super) fn to_f64(&self) -> f64 {
        if let Some((negative, magnitude, exponent)) = self.inline_magnitude() {
            return round(negative, &magnitude, exponent, false);
        }
        match self.magnitude() {
            Ok((negative, magnitude, exponent)) => round(negative, &magnitude, exponent, false),
            Err(special) => special.value(),
        }
    }

    /// A varint: 0 for zero, 1 to 3 for what is not finite, else 3 more than the number of bytes; then the place of the lowest byte, zigzag,
    /// and the bytes in two's complement, the lowest first, as few as will do at either end.
    pub(super) fn encode(&self, out: &mut Vec<u8>) {
        let (low, limbs) = match self.trimmed() {
            Ok((low, limbs)) => (low, limbs),
            Err(special) => return put_varint(special as u64, out),
        };
        let [first, ..] = limbs else { return put_varint(0, out) };
        let mut inline = [0; 8 * INLINE];
        let heap: Vec<u8>;
        let bytes = match inline.get_mut(..8 * limbs.len()) {
            Some(bytes) => {
                for (to, limb) in bytes.chunks_exact_mut(8).zip(limbs) {
                    to.copy_from_slice(&limb.to_le_bytes());
                }
                &*bytes
            }
            None => {
                heap = limbs.iter().flat_map(|limb| limb.to_le_bytes()).collect();
                &heap
            }
        };
        let skipped = (first.trailing_zeros() / 8) as usize;
        let mut bytes = &bytes[skipped..];
        while let [rest @ .., below, highest] = bytes
            && *highest == sign_byte(*below)
        {
            bytes = &bytes[..=rest.len()];
        }
        let low = 8 * i64::from(low) + skipped as i64;
        put_varint(bytes.len() as u64 + 3, out);
        put_varint((low << 1 ^ low >> 63).cast_unsigned(), out);
        out.extend_from_slice(bytes);
    }

    /// The same for a number of 64 bits.
    #[inline]
    pub(super) fn encode_i64(value: i64, out: &mut Vec<u8>) {
        if value == 0 {
            return out.push(0);
        }
        let skipped = value.trailing_zeros() / 8;
        let value = value >> (8 * skipped);
        // Bits that differ from the sign, and the sign.
        let bits = 65 - (value ^ value >> 63).leading_zeros();
        let length = bits.div_ceil(8) as usize;
        out.extend_from_slice(&[length as u8 + 3, skipped as u8 * 2]);
        out.extend_from_slice(&value.to_le_bytes());
        out.truncate(out.len() - 8 + length);
    }

    /// Reads what [`Self::encode`] writes, and nothing else.
    pub(super) fn decode(reader: &mut Reader<'_>) -> Option<Self> {
        let length = match reader.varint()? {
            0 => return Some(Self::ZERO),
            1 => return Some(Self(Form::Special(Special::PlusInfinity))),
            2 => return Some(Self(Form::Special(Special::MinusInfinity))),
            3 => return Some(Self(Form::Special(Special::Nan))),
            more => usize::try_from(more - 3).ok()?,
        };
        let zigzag = reader.varint()?;
        let low = (zigzag >> 1).cast_signed() ^ -(zigzag & 1).cast_signed();
        let bytes = reader.take(length)?;
        let high = low.checked_add_unsigned(length as u64)?;
        let trimmed = match bytes {
            [0, ..] => false,
            [.., below, highest] => *highest != sign_byte(*below),
            _ => true,
        };
        if !trimmed || low < -REACH || high > REACH {
            return None;
        }
        let first = low.div_euclid(8);
        let count = (high - 1).div_euclid(8) - first + 1;
        let offset = (low - 8 * first) as usize;
        let sign = bytes.last().map_or(0, |highest| sign_byte(*highest));
        if count <= INLINE as i64 {
            let mut all = [sign; 8 * INLINE];
            all[..offset].fill(0);
            all[offset..][..bytes.len()].copy_from_slice(bytes);
            let (limbs, _) = all.as_chunks::<8>();
            return Some(Self(Form::Inline {
                low: first as i32,
                limbs: std::array::from_fn(|at| u64::from_le_bytes(limbs[at])),
            }));
        }
        let limb = |at: usize| {
            let byte = |i: usize| match (8 * at + i).checked_sub(offset) {
                Some(from) => bytes.get(from).copied().unwrap_or(sign),
                None => 0,
            };
            u64::from_le_bytes(std::array::from_fn(byte))
        };
        let (low, count) = (first as i32, count as usize);
        Some(Self(Form::Heap {
            low,
            limbs: (0..count).map(limb).collect(),
        }))
    }
}

impl PartialEq for Exact {
    fn eq(&self, other: &Self) -> bool {
        match (self.trimmed(), other.trimmed()) {
            (Ok((_, [])), Ok((_, []))) => true,
            (own, other) => own == other,
        }
    }
}

impl Eq for Exact {}

impl Form {
    /// Limbs from `low` to before `high`, or some more, with the trimmed number `kept` at `from`.
    fn new(low: i32, high: i32, from: i32, kept: &[u64]) -> Self {
        let fill = |limbs: &mut [u64]| {
            let (_, limbs) = limbs.split_at_mut((from - low) as usize);
            let (own, above) = limbs.split_at_mut(kept.len());
            own.copy_from_slice(kept);
            above.fill(kept.last().map_or(0, |highest| extension(*highest)));
        };
        let length = (high - low) as usize;
        if length <= INLINE {
            let mut limbs = [0; INLINE];
            fill(&mut limbs);
            Self::Inline { low, limbs }
        } else {
            // One more, so that sums have room to grow.
            let mut limbs = vec![0; length + 1].into_boxed_slice();
            fill(&mut limbs);
            Self::Heap { low, limbs }
        }
    }
}

/// The limb that extends the sign of the one below.
fn extension(limb: u64) -> u64 {
    (limb.cast_signed() >> 63).cast_unsigned()
}

/// The byte that extends the sign of the one below.
fn sign_byte(byte: u8) -> u8 {
    (byte.cast_signed() >> 7).cast_unsigned()
}

fn halves(value: i128) -> [u64; 2] {
    [value as u64, (value >> 64) as u64]
}

/// Without the zeros below, which are counted, and without what only extends the sign above. Zero has no limbs.
fn trim(limbs: &[u64]) -> (i32, &[u64]) {
    let skipped = limbs.iter().position(|limb| *limb != 0).unwrap_or(limbs.len());
    let mut limbs = &limbs[skipped..];
    while let [rest @ .., below, highest] = limbs
        && *highest == extension(*below)
    {
        limbs = &limbs[..=rest.len()];
    }
    (skipped as i32, limbs)
}

/// The sum, if it does not run over.
#[inline]
fn add_inline(a: &[u64; INLINE], b: &[u64; INLINE]) -> Option<[u64; INLINE]> {
    let (first, carry) = a[0].overflowing_add(b[0]);
    let (second, carry) = a[1].carrying_add(b[1], carry);
    let (third, _) = a[2].carrying_add(b[2], carry);
    let ran_over = (a[2] ^ third) & (b[2] ^ third);
    (ran_over.cast_signed() >= 0).then_some([first, second, third])
}

/// Adds a shorter number, whose sign is extended; false if the sum runs over.
fn add_limbs(to: &mut [u64], limbs: &[u64]) -> bool {
    let sign = limbs.last().map_or(0, |highest| extension(*highest));
    let mut carry = false;
    let last = to.len() - 1;
    for (at, limb) in to.iter_mut().enumerate() {
        let term = limbs.get(at).copied().unwrap_or(sign);
        if at >= limbs.len() && carry == (sign != 0) {
            return true;
        }
        let before = *limb;
        (*limb, carry) = before.carrying_add(term, carry);
        if at == last {
            return ((before ^ *limb) & (term ^ *limb)).cast_signed() >= 0;
        }
    }
    true
}

fn negate(limbs: &mut [u64]) {
    let mut carry = true;
    for limb in limbs {
        (*limb, carry) = (!*limb).overflowing_add(u64::from(carry));
    }
}

fn multiply(a: &[u64], b: &[u64]) -> [u64; POWER + 2] {
    let mut product = [0; POWER + 2];
    for (i, x) in a.iter().enumerate() {
        let mut carry = 0;
        for (j, y) in b.iter().enumerate() {
            (product[i + j], carry) = x.carrying_mul_add(*y, product[i + j], carry);
        }
        product[i + b.len()] = carry;
    }
    product
}

#[cfg(test)]
mod tests {
    use num_bigint::BigInt;
    use proptest::prelude::*;

    use super::super::number::number;
    use super::*;

    /// The exponent of the unit that numbers are compared in.
    const UNIT: i32 = -4416;

    fn whole(sum: &Exact) -> BigInt {
        let (number, exponent) = number(sum).expect("finite");
        number << (exponent - i64::from(UNIT))
    }

    fn encoded(sum: &Exact) -> Vec<u8> {
        let mut bytes = Vec::new();
        sum.encode(&mut bytes);
        bytes
    }

    fn term() -> impl Strategy<Value = (i64, i32)> {
        let edges = vec![1, -1, i64::MAX, i64::MIN, i64::MIN + 1];
        let value = prop_oneof![any::<i64>(), -2..3_i64, prop::sample::select(edges)];
        (value, prop_oneof![-4400..4000, -70..70, Just(0)])
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn sums_are_those_of_whole_numbers(terms in prop::collection::vec(term(), 0..12), cut in 0_usize..12) {
            let (mut sum, mut parts) = (Exact::ZERO, [Exact::ZERO, Exact::ZERO]);
            let (mut grown, mut right) = (0, BigInt::ZERO);
            for (at, (value, exponent)) in terms.iter().enumerate() {
                grown += sum.add_scaled(*value, *exponent);
                parts[usize::from(at < cut)].add_scaled(*value, *exponent);
                right += BigInt::from(*value) << (exponent - UNIT);
            }
            prop_assert_eq!(grown, sum.heap_bytes().cast_signed());
            prop_assert_eq!(whole(&sum), right);
            let [mut merged, other] = parts;
            merged.merge(&other);
            prop_assert_eq!(&merged, &sum);
            let bytes = encoded(&sum);
            prop_assert_eq!(&encoded(&merged), &bytes);
            let mut reader = Reader::new(&bytes);
            prop_assert_eq!(Exact::decode(&mut reader), Some(sum));
            prop_assert!(reader.is_done());
        }

        #[test]
        fn whole_numbers_have_the_same_bytes(value in any::<i64>(), up in 0..64, down in 0..64) {
            let value = value >> down << up;
            let mut sum = Exact::ZERO;
            sum.add_scaled(value, 0);
            let mut bytes = Vec::new();
            Exact::encode_i64(value, &mut bytes);
            prop_assert_eq!(bytes, encoded(&sum));
        }

        #[test]
        fn powers_are_those_of_whole_numbers(value in any::<i128>(), shift in 0..127, exponent in -1100..1000) {
            let value = value >> shift;
            let mut sums = [const { Exact::ZERO }; 4];
            Exact::add_powers(&mut sums, value, exponent);
            for (degree, sum) in (1_u32..).zip(&sums) {
                let shift = degree.cast_signed() * exponent - UNIT;
                prop_assert_eq!(whole(sum), BigInt::from(value).pow(degree) << shift);
            }
        }

        #[test]
        fn whole_numbers_come_back(value in any::<i128>(), shift in 0..127) {
            let mut sum = Exact::ZERO;
            sum.add_i128(value >> shift);
            prop_assert_eq!(sum.to_i128(), Some(value >> shift));
        }
    }

    #[test]
    fn one_number_has_one_form() {
        for bytes in [
            &[4, 0, 0][..],                      // a zero
            &[5, 0, 0, 1],                       // a zero below
            &[5, 0, 1, 0],                       // more than the sign above
            &[5, 0, 0xff, 0xff],                 // the same, negative
            &[4, 0x80, 0, 1],                    // a long varint
            &[4, 0x80, 0x80, 0x80, 1, 1],        // out of reach
            &[5, 0, 1],                          // too short
            &[0xff, 0xff, 0xff, 0xff, 0xff, 15], // too long
        ] {
            assert_eq!(Exact::decode(&mut Reader::new(bytes)), None, "{bytes:?}");
        }
        let mut sum = Exact::ZERO;
        assert_eq!(encoded(&sum), [0]);
        sum.add_f64(-0.0);
        assert_eq!(sum.to_f64().to_bits(), 0.0_f64.to_bits());
        sum.add_f64(0.5);
        assert_eq!(encoded(&sum), [5, 1, 0x80, 0]);
        sum.add_i128(-1);
        assert_eq!(encoded(&sum), [4, 1, 0x80]);
        sum.add_f64(f64::INFINITY);
        assert_eq!(encoded(&sum), [1]);
        sum.merge(&Exact::ZERO);
        sum.add_f64(f64::NEG_INFINITY);
        assert_eq!(encoded(&sum), [3]);
    }
}
