use arrow::array::{BinaryArray, Decimal128Array, Float64Array, Int64Array};
use twox_hash::XxHash64;

use super::class::{Native, Total};

/// Values with a hash, the same for ever and on every machine: XXH64 with seed 0 of the canonical value's bytes, little-endian,
/// texts and bytes as they are. Stored sketches depend on it.
pub(super) trait Hashed: Native {
    /// The hash of a row that is not null.
    fn hash(array: &Self::Array, row: usize) -> u64;
}

fn xxh64(bytes: &[u8]) -> u64 {
    XxHash64::oneshot(0, bytes)
}

impl Hashed for i64 {
    fn hash(array: &Int64Array, row: usize) -> u64 {
        xxh64(&array.value(row).to_le_bytes())
    }
}

impl Hashed for Total {
    fn hash(array: &Float64Array, row: usize) -> u64 {
        let Self(value) = Self::get(array, row).canonical();
        xxh64(&value.to_bits().to_le_bytes())
    }
}

impl Hashed for i128 {
    fn hash(array: &Decimal128Array, row: usize) -> u64 {
        xxh64(&array.value(row).to_le_bytes())
    }
}

impl Hashed for Box<[u8]> {
    fn hash(array: &BinaryArray, row: usize) -> u64 {
        xxh64(array.value(row))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Those of another implementation, which was written from the specification. None may ever change.
    #[test]
    fn hashes_are_the_same_for_ever() {
        let texts = BinaryArray::from_vec(vec![b"", b"a", b"abc", &[b'x'; 100]]);
        let hashes: Vec<u64> = (0..4).map(|row| Box::<[u8]>::hash(&texts, row)).collect();
        assert_eq!(
            hashes,
            [
                0xef46_db37_51d8_e999,
                0xd24e_c4f1_a98c_6e5b,
                0x44bc_2cf5_ad77_0999,
                0x92f0_de5a_88a3_c094
            ]
        );
        let ints = Int64Array::from(vec![0, 1, -1]);
        let hashes: Vec<u64> = (0..3).map(|row| i64::hash(&ints, row)).collect();
        assert_eq!(
            hashes,
            [0x34c9_6acd_cadb_1bbb, 0x9f29_cb17_a2a4_9995, 0x85d1_36ad_b773_c6c9]
        );
        let decimals = Decimal128Array::from(vec![0, 1, -1]);
        let hashes: Vec<u64> = (0..3).map(|row| i128::hash(&decimals, row)).collect();
        assert_eq!(
            hashes,
            [0xaf09_f715_1624_7c32, 0x6c1c_ff04_59c8_bb10, 0xa721_445d_6a57_c444]
        );
        let (zero, nan) = (0x34c9_6acd_cadb_1bbb, 0xe9ad_b09f_ee12_2aac);
        let floats = Float64Array::from(vec![0.0, -0.0, f64::NAN, -f64::NAN, 1.5]);
        let hashes: Vec<u64> = (0..5).map(|row| Total::hash(&floats, row)).collect();
        assert_eq!(hashes, [zero, zero, nan, nan, 0x49f7_b96b_6b5c_caf9]);
    }
}
