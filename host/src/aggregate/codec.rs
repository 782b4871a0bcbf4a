//! The bytes of states: a header that says what they are, then what the aggregation writes.

use arrow::array::Array;
use arrow::datatypes::DataType;

use super::class::{Class, Native};
use super::error::StateError;
use super::function::StateKind;

/// The format that states are written in.
pub(super) const FORMAT: u8 = 1;

/// What a state of this kind and class begins with: kind, format, class, parameter.
pub(super) fn header(kind: StateKind, class: Option<Class>) -> Vec<u8> {
    let mut out = vec![kind.code(), FORMAT, class.map_or(0, Class::code)];
    if let Some(parameter) = kind.parameter() {
        put_varint(u64::from(parameter), &mut out);
    }
    out
}

/// What follows the header.
pub(super) fn body<'a>(bytes: &'a [u8], header: &[u8], kind: StateKind) -> Result<&'a [u8], StateError> {
    bytes.strip_prefix(header).ok_or_else(|| match bytes {
        [code, format, ..] if *code == kind.code() && *format > FORMAT => StateError::Later {
            function: kind.to_string(),
            found: *format,
            known: FORMAT,
        },
        _ => corrupt(kind, "it is a state of something else"),
    })
}

pub(super) fn corrupt(kind: StateKind, reason: &str) -> StateError {
    StateError::Corrupt {
        function: kind.to_string(),
        reason: reason.to_owned(),
    }
}

/// A column that was not prepared.
pub(super) fn unprepared(kind: StateKind, values: &dyn Array) -> StateError {
    StateError::Internal(format!(
        "{kind} was given {}, which is not prepared",
        values.data_type()
    ))
}

/// Rows came without what orders them.
pub(super) fn unordered(kind: StateKind) -> StateError {
    StateError::Internal(format!("{kind} was given rows without their order"))
}

/// Seven bits a byte, the lowest first.
#[inline]
pub(super) fn put_varint(mut value: u64, out: &mut Vec<u8>) {
    while value >= 0x80 {
        out.push(value as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

/// A few bytes, quicker than a copy of any length.
#[inline]
pub(super) fn put_short(bytes: &[u8], out: &mut Vec<u8>) {
    match bytes {
        [a, b, c] => out.extend_from_slice(&[*a, *b, *c]),
        [a, b, c, d] => out.extend_from_slice(&[*a, *b, *c, *d]),
        _ => out.extend_from_slice(bytes),
    }
}

/// A length, then the bytes.
pub(super) fn put_bytes(bytes: &[u8], out: &mut Vec<u8>) {
    put_varint(bytes.len() as u64, out);
    out.extend_from_slice(bytes);
}

/// Reads what a state wrote; none where bytes are missing or not as they are written.
pub(super) struct Reader<'a> {
    bytes: &'a [u8],
    /// The type of the values, if that is known.
    input: Option<&'a DataType>,
}

impl<'a> Reader<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, input: None }
    }

    /// Of a state over a column of this type.
    pub(super) fn of(bytes: &'a [u8], input: &'a DataType) -> Self {
        Self {
            bytes,
            input: Some(input),
        }
    }

    /// A value that the column can have: a text is UTF-8, and a decimal has no more digits than its type.
    pub(super) fn value<V: Native>(&mut self) -> Option<V> {
        V::decode(self).filter(|value| self.input.is_none_or(|input| value.is_of(input)))
    }

    /// How many bytes are left.
    pub(super) fn left(&self) -> usize {
        self.bytes.len()
    }

    pub(super) fn take(&mut self, count: usize) -> Option<&'a [u8]> {
        let (first, rest) = self.bytes.split_at_checked(count)?;
        self.bytes = rest;
        Some(first)
    }

    pub(super) fn array<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (first, rest) = self.bytes.split_first_chunk::<N>()?;
        self.bytes = rest;
        Some(*first)
    }

    /// A varint in its shortest form.
    pub(super) fn varint(&mut self) -> Option<u64> {
        let mut value = 0_u64;
        for shift in (0..64).step_by(7) {
            let [byte] = self.array::<1>()?;
            let bits = u64::from(byte & 0x7f);
            if shift == 63 && bits > 1 || shift > 0 && byte == 0 {
                return None;
            }
            value |= bits << shift;
            if byte & 0x80 == 0 {
                return Some(value);
            }
        }
        None
    }

    /// A count of things of which each takes at least `least` bytes: so that no count asks for more memory than there are
    /// bytes.
    pub(super) fn count(&mut self, least: usize) -> Option<usize> {
        let count = usize::try_from(self.varint()?).ok()?;
        (count.checked_mul(least.max(1))? <= self.left()).then_some(count)
    }

    pub(super) fn bytes(&mut self) -> Option<&'a [u8]> {
        let length = self.count(1)?;
        self.take(length)
    }

    pub(super) fn is_done(&self) -> bool {
        self.bytes.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn varints_have_one_form(value in any::<u64>(), shift in 0_u32..64) {
            let value = value >> shift;
            let mut bytes = Vec::new();
            put_varint(value, &mut bytes);
            let mut reader = Reader::new(&bytes);
            prop_assert_eq!((reader.varint(), reader.is_done()), (Some(value), true));
        }

        #[test]
        fn what_is_read_is_what_is_written(bytes in proptest::collection::vec(any::<u8>(), 0..12)) {
            let mut reader = Reader::new(&bytes);
            if let Some(value) = reader.varint() {
                let mut out = Vec::new();
                put_varint(value, &mut out);
                prop_assert_eq!(out.as_slice(), &bytes[..bytes.len() - reader.left()]);
            }
        }
    }

    #[test]
    fn headers_tell_what_does_not_fit() {
        let header = header(StateKind::Last(300), Some(Class::Int));
        assert_eq!(header, [8, 1, 1, 0xac, 2]);
        assert_eq!(
            body(&[8, 1, 1, 0xac, 2, 9], &header, StateKind::Last(300)),
            Ok(&[9][..])
        );
        let text = |bytes: &[u8]| {
            body(bytes, &header, StateKind::Last(300))
                .expect_err("another")
                .to_string()
        };
        assert_eq!(
            text(&[8, 2, 1, 0xac, 2]),
            "a stored state of last_300 has format 2; this program reads formats up to 1"
        );
        for other in [&[][..], &[8], &[7, 1, 1, 0xac, 2], &[8, 1, 1, 5], &[8, 1, 2, 0xac, 2]] {
            assert_eq!(
                text(other),
                "a stored state of last_300 cannot be read: it is a state of something else"
            );
        }
    }
}
