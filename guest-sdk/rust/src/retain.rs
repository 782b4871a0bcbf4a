//! Rows that stay. Which ones is asked with no branch on the answers; then each column's buffers are worked on in place, if
//! nobody else holds them, and copied otherwise. All that this crate does without bounds checks to be fast is in this file.

use std::mem::MaybeUninit;
use std::ops::Range;

use arrow_array::{Array, ArrayRef, ArrowPrimitiveType, PrimitiveArray, make_array};
use arrow_buffer::{BooleanBuffer, Buffer, NullBuffer};
use arrow_data::ArrayData;
use arrow_schema::DataType;

use crate::error::Result;
use crate::flat;
use crate::gather::{fixed, take};
use crate::schema::width;

/// Rows of a batch of `of` rows. The law that the code below rests on: they rise strictly and lie below `of`, so the
/// `place`-th of them is `place` or more.
#[derive(Debug, Clone)]
pub(crate) struct Kept {
    rows: Vec<u32>,
    of: usize,
}

impl Kept {
    /// The rows that `keep` is true for, asked in order.
    #[inline]
    pub(crate) fn of(rows: u32, mut keep: impl FnMut(usize) -> bool) -> Self {
        Self::asked(rows as usize, |kept| {
            let whole = rows as usize & !7;
            for first in (0..whole).step_by(8) {
                let mut stay = 0;
                for place in 0..8 {
                    stay |= u8::from(keep(first + place)) << place;
                }
                kept.eight(stay);
            }
            (whole..rows as usize).for_each(|row| kept.one(keep(row)));
        })
    }

    /// The rows whose value `keep` is true for; a null is asked for too, but does not stay.
    #[inline]
    pub(crate) fn of_values<T: ArrowPrimitiveType>(
        column: &PrimitiveArray<T>,
        mut keep: impl FnMut(T::Native) -> bool,
    ) -> Self {
        let mut kept = Self::asked(column.len(), |kept| {
            let (sixteens, rest) = column.values().as_chunks::<16>();
            for sixteen in sixteens {
                // Of answers a byte each the compiler makes comparisons of several rows at once and packs them; of bits it
                // does not.
                let stay = bits(&sixteen.map(|value| u8::from(keep(value))));
                kept.eight(stay as u8);
                kept.eight((stay >> 8) as u8);
            }
            rest.iter().for_each(|value| kept.one(keep(*value)));
        });
        if let Some(nulls) = column.nulls().filter(|nulls| nulls.null_count() > 0) {
            kept.rows.retain(|row| nulls.is_valid(*row as usize));
        }
        kept
    }

    /// Of so many rows those that stay, as `ask` answers for each.
    #[inline(always)]
    fn asked(of: usize, ask: impl FnOnce(&mut Asked<'_>)) -> Self {
        let mut rows = Vec::with_capacity(of);
        let mut asked = Asked {
            room: &mut rows.spare_capacity_mut()[..of],
            asked: 0,
            stay: 0,
        };
        ask(&mut asked);
        let (asked, stay) = (asked.asked as usize, asked.stay);
        assert_eq!(asked, of);
        // SAFETY: as many were written, each for a row of its own that was asked for.
        unsafe { rows.set_len(stay) };
        Self { rows, of }
    }

    pub(crate) fn len(&self) -> usize {
        self.rows.len()
    }

    pub(crate) fn into_rows(self) -> Vec<u32> {
        self.rows
    }

    /// These rows of a column.
    pub(crate) fn column(&self, column: ArrayRef) -> Result<ArrayRef> {
        if self.rows.len() == self.of {
            return Ok(column);
        }
        if let Some((values, nulls)) = flat::parts(&column) {
            let data_type = column.data_type().clone();
            // The values are this function's own from here on, unless somebody holds the array.
            drop(column);
            let values = self.fixed(values, width(&data_type)?);
            let nulls = nulls.map(|nulls| NullBuffer::new(self.bits(nulls.inner())));
            return flat::array(&data_type, values, nulls);
        }
        let data_type = column.data_type().clone();
        let is_bytes = matches!(data_type, DataType::Utf8 | DataType::Binary);
        if !is_bytes && data_type != DataType::Boolean && width(&data_type).is_err() {
            return take(&column, &self.rows);
        }
        // The buffers are this function's own from here on, unless somebody holds the array.
        let data = column.to_data();
        drop(column);
        let (_, length, nulls, offset, mut buffers, _) = data.into_parts();
        assert_eq!(length, self.of, "rows of a batch of another length");
        let last = buffers.pop().unwrap_or_default();
        let buffers = if is_bytes {
            let offsets = buffers.pop().unwrap_or_default();
            let offsets = part(offsets, offset * 4, (length + 1) * 4);
            self.bytes(&offsets, last).to_vec()
        } else if data_type == DataType::Boolean {
            let bits = BooleanBuffer::new(last, offset, length);
            vec![self.bits(&bits).into_inner()]
        } else {
            let width = width(&data_type)?;
            vec![self.fixed(part(last, offset * width, length * width), width)]
        };
        let data = ArrayData::builder(data_type)
            .len(self.rows.len())
            .buffers(buffers)
            .nulls(nulls.map(|nulls| NullBuffer::new(self.bits(nulls.inner()))));
        // SAFETY: buffers and nulls are those of a valid array without some of its rows: a value of the type's width, a bit,
        // or an offset and whole values of bytes for each row that stays. A buffer that is not aligned for its type is
        // copied to one that is.
        let data = unsafe { data.align_buffers(true).build_unchecked() };
        Ok(make_array(data))
    }

    /// Values of a fixed width.
    fn fixed(&self, values: Buffer, width: usize) -> Buffer {
        match width {
            1 => self.values::<1>(values),
            2 => self.values::<2>(values),
            4 => self.values::<4>(values),
            8 => self.values::<8>(values),
            16 => self.values::<16>(values),
            _ => self.wide(values, width),
        }
    }

    /// Moved down to their places.
    fn values<const WIDTH: usize>(&self, values: Buffer) -> Buffer {
        let mut bytes = match values.into_vec::<u8>() {
            Ok(bytes) => bytes,
            Err(shared) => return fixed::<WIDTH>(&shared, &self.rows),
        };
        let (values, _) = bytes.as_chunks_mut::<WIDTH>();
        assert_eq!(values.len(), self.of);
        let mut place = 0;
        let mut one = |row: u32| {
            // SAFETY: `row` is below `of`, the length of `values`, and `place` is at most `row`: both by the law of `Kept`.
            unsafe { *values.get_unchecked_mut(place) = *values.get_unchecked(row as usize) };
            place += 1;
        };
        let (eights, rest) = self.rows.as_chunks::<8>();
        for [a, b, c, d, e, f, g, h] in eights {
            one(*a);
            one(*b);
            one(*c);
            one(*d);
            one(*e);
            one(*f);
            one(*g);
            one(*h);
        }
        rest.iter().for_each(|row| one(*row));
        bytes.truncate(self.rows.len() * WIDTH);
        Buffer::from_vec(bytes)
    }

    /// Values of any other width; neighbours move together.
    fn wide(&self, values: Buffer, width: usize) -> Buffer {
        let mut moved = Moved::new(values);
        for run in self.runs() {
            moved.append(run.start * width, run.end * width);
        }
        moved.into_buffer()
    }

    /// Bits packed anew.
    fn bits(&self, bits: &BooleanBuffer) -> BooleanBuffer {
        let (bytes, offset) = (bits.values(), bits.offset());
        let bit = |row: &u32| {
            let place = offset + *row as usize;
            bytes[place / 8] >> (place % 8) & 1
        };
        let eight = |rows: &[u32]| {
            let from_last = rows.iter().rev();
            from_last.fold(0, |byte, row| byte << 1 | bit(row))
        };
        let packed: Vec<u8> = self.rows.chunks(8).map(eight).collect();
        BooleanBuffer::new(Buffer::from_vec(packed), 0, self.rows.len())
    }

    /// Offsets and bytes; neighbours move together.
    fn bytes(&self, offsets: &[u8], values: Buffer) -> [Buffer; 2] {
        let (offsets, _) = offsets.as_chunks::<4>();
        let at = |row: usize| i32::from_le_bytes(offsets[row]) as usize;
        // Not in place: the offset where a row ends is also where the next begins.
        let mut ends = Vec::with_capacity(4 * self.rows.len() + 4);
        ends.extend_from_slice(&[0; 4]);
        let mut moved = Moved::new(values);
        for run in self.runs() {
            let (from, to) = (at(run.start), at(run.end));
            for row in run {
                let end = moved.end + at(row + 1) - from;
                ends.extend_from_slice(&(end as i32).to_le_bytes());
            }
            moved.append(from, to);
        }
        [Buffer::from_vec(ends), moved.into_buffer()]
    }

    /// Neighbours as ranges.
    fn runs(&self) -> impl Iterator<Item = Range<usize>> {
        let runs = self.rows.chunk_by(|row, next| row + 1 == *next);
        runs.map(|run| run[0] as usize..run[0] as usize + run.len())
    }
}

/// Ranges of a buffer, rising, put one behind the other: in place if nobody else holds it.
struct Moved {
    values: Result<Vec<u8>, Buffer>,
    copied: Vec<u8>,
    end: usize,
}

impl Moved {
    fn new(values: Buffer) -> Self {
        Self {
            values: values.into_vec(),
            copied: Vec::new(),
            end: 0,
        }
    }

    fn append(&mut self, from: usize, to: usize) {
        match &mut self.values {
            Ok(bytes) => bytes.copy_within(from..to, self.end),
            Err(shared) => self.copied.extend_from_slice(&shared[from..to]),
        }
        self.end += to - from;
    }

    fn into_buffer(self) -> Buffer {
        let mut bytes = self.values.unwrap_or(self.copied);
        bytes.truncate(self.end);
        Buffer::from_vec(bytes)
    }
}

/// Answers as they come, with no branch on them. A guest's deadline is looked at once in each eight rows or sixteen.
struct Asked<'a> {
    room: &'a mut [MaybeUninit<u32>],
    asked: u32,
    /// At most as many as were asked for; that much of the room has been written.
    stay: usize,
}

impl Asked<'_> {
    /// The next eight rows, a bit each. Eight places are written, and those beyond the rows that stay written again.
    #[inline(always)]
    fn eight(&mut self, stay: u8) {
        let (first, place) = (self.asked, self.stay);
        assert!(first as usize + 8 <= self.room.len());
        let rows = PLACES[usize::from(stay)].map(|place| first + place);
        // SAFETY: `place` is at most `first`, so eight more are within the room.
        unsafe {
            let place = self.room.as_mut_ptr().add(place);
            place.cast::<[u32; 8]>().write_unaligned(rows);
        }
        self.stay += stay.count_ones() as usize;
        self.asked += 8;
    }

    #[inline(always)]
    fn one(&mut self, stays: bool) {
        self.room[self.stay].write(self.asked);
        self.stay += usize::from(stays);
        self.asked += 1;
    }
}

/// A bit for each of sixteen bytes that are zero or one, the first one's lowest.
#[inline(always)]
fn bits(bytes: &[u8; 16]) -> u16 {
    #[cfg(all(target_arch = "wasm32", target_feature = "simd128"))]
    {
        use std::arch::wasm32::{i8x16_bitmask, u8x16_avgr, u8x16_splat, v128_load};
        // SAFETY: there are as many bytes as are loaded, and it may be from anywhere.
        let bytes = unsafe { v128_load(bytes.as_ptr().cast()) };
        // The average with 254 is 127 or 128. Of a shift the compiler knows that it wants one bit of each byte, and then takes
        // the comparisons apart lane by lane.
        i8x16_bitmask(u8x16_avgr(bytes, u8x16_splat(254)))
    }
    #[cfg(not(all(target_arch = "wasm32", target_feature = "simd128")))]
    {
        let bits = bytes.iter().rev();
        bits.fold(0, |bits, byte| bits << 1 | u16::from(*byte))
    }
}

/// For each byte the places of its ones, rising; what follows them is of no meaning.
static PLACES: [[u32; 8]; 256] = {
    let mut places = [[0; 8]; 256];
    let mut bits = 0;
    while bits < 256 {
        let (mut ones, mut place) = (0, 0);
        while place < 8 {
            if bits >> place & 1 == 1 {
                places[bits][ones] = place as u32;
                ones += 1;
            }
            place += 1;
        }
        bits += 1;
    }
    places
};

/// The buffer itself if it is the whole of it: a slice would hold it a second time.
fn part(buffer: Buffer, from: usize, length: usize) -> Buffer {
    if from == 0 && length == buffer.len() {
        buffer
    } else {
        buffer.slice_with_length(from, length)
    }
}

#[cfg(test)]
mod tests;
