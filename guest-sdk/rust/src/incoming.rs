//! Memory for what the host hands in. Bytes, which are buffers and text, lie as a `Vec<u8>`'s do: whoever takes them owns them, and
//! a column may go out in the memory that it came in. Lists of anything else are looked at while the call lasts: they share one
//! place, which costs nothing, and what does not fit there is released after the call.

use std::alloc::{self, Layout, handle_alloc_error};
use std::cell::{Cell, UnsafeCell};
use std::ptr;

use crate::wire::List;

/// Of the place that lists share; a batch of numbers takes three for a column.
const WORDS: usize = 512;

struct Shared {
    words: UnsafeCell<[u64; WORDS]>,
    /// Bytes.
    used: Cell<usize>,
}

thread_local! {
    static SHARED: Shared = const {
        Shared { words: UnsafeCell::new([0; WORDS]), used: Cell::new(0) }
    };
}

impl Shared {
    fn place(&self, size: usize, align: usize) -> Option<*mut u8> {
        let from = self.used.get().checked_next_multiple_of(align)?;
        let end = from.checked_add(size)?;
        if align > align_of::<u64>() || end > size_of::<[u64; WORDS]>() {
            return None;
        }
        self.used.set(end);
        Some(self.words.get().cast::<u8>().wrapping_add(from))
    }

    fn has(&self, place: *const u8) -> bool {
        let from = place.addr().wrapping_sub(self.words.get().addr());
        from < size_of::<[u64; WORDS]>()
    }
}

/// The canonical ABI's `cabi_realloc`.
///
/// # Safety
/// `old` is nothing, or what this gave for `old_size` and `align`.
pub unsafe fn realloc(old: *mut u8, old_size: usize, align: usize, new_size: usize) -> *mut u8 {
    if old_size == 0 {
        return place(new_size, align);
    }
    let new = place(new_size, align);
    // SAFETY: both have so many bytes, and the new place is another than the old one.
    unsafe {
        ptr::copy_nonoverlapping(old, new, old_size.min(new_size));
        free(old, old_size, align);
    }
    new
}

fn place(size: usize, align: usize) -> *mut u8 {
    if size == 0 {
        return ptr::without_provenance_mut(align);
    }
    if align > 1
        && let Some(place) = SHARED.with(|shared| shared.place(size, align))
    {
        return place;
    }
    let layout = Layout::from_size_align(size, align).expect("a size that memory can have");
    // SAFETY: it is not empty.
    let place = unsafe { alloc::alloc(layout) };
    if place.is_null() {
        handle_alloc_error(layout);
    }
    place
}

/// # Safety
/// The place is what [`place`] gave for that size and alignment, and nobody looks at it any more.
unsafe fn free(place: *mut u8, size: usize, align: usize) {
    if size > 0 && !SHARED.with(|shared| shared.has(place)) {
        // SAFETY: it was allocated so, as the caller says.
        unsafe { alloc::dealloc(place, Layout::from_size_align_unchecked(size, align)) };
    }
}

/// Lets go of a list that the host handed in. What its items point to is not touched.
///
/// # Safety
/// It was made by [`realloc`] for so many items, and nobody looks at it any more.
pub unsafe fn release<T>(list: List<T>) {
    let (start, length) = list.place();
    // SAFETY: the host asks for lists by the size and alignment of their items.
    unsafe {
        free(
            start.cast_mut().cast(),
            length * size_of::<T>(),
            align_of::<T>(),
        );
    }
}

/// All lists of a call have been released: their place is free for the next call.
pub fn all_released() {
    SHARED.with(|shared| shared.used.set(0));
}

#[cfg(test)]
mod tests {
    use super::*;

    fn made(size: usize, align: usize) -> *mut u8 {
        // SAFETY: nothing is old.
        let place = unsafe { realloc(ptr::null_mut(), 0, align, size) };
        assert!(place.addr().is_multiple_of(align) && !place.is_null());
        // SAFETY: so much was asked for.
        unsafe { place.write_bytes(0xa5, size) };
        place
    }

    fn is_shared(place: *mut u8) -> bool {
        SHARED.with(|shared| shared.has(place))
    }

    #[test]
    fn lists_share_a_place_while_there_is_room() {
        let first = made(8, 4);
        let second = made(24, 8);
        assert!(is_shared(first) && is_shared(second));
        assert!(second.addr() >= first.addr() + 8);
        let rest = made(WORDS * 8 - 32, 4);
        assert!(is_shared(rest));
        let beyond = made(16, 4);
        assert!(!is_shared(beyond));
        // SAFETY: each was made for items of these, and none is looked at again.
        unsafe {
            release(List::at(first.cast::<u32>(), 2));
            release(List::at(second.cast::<u64>(), 3));
            release(List::at(beyond.cast::<u32>(), 4));
        }
        all_released();
        assert_eq!(made(8, 4), first);
        assert!(!is_shared(made(1 << 20, 8)), "more than the whole place");
        all_released();
    }

    #[test]
    fn bytes_are_taken() {
        let place = made(5, 1);
        assert!(!is_shared(place));
        // SAFETY: five bytes were made, and are taken once.
        let taken = unsafe { List::at(place, 5).into_vec() };
        assert_eq!(taken, [0xa5; 5]);
        let nothing = made(0, 1);
        // SAFETY: nothing was made.
        assert!(unsafe { List::at(nothing, 0).into_string() }.is_empty());
    }

    #[test]
    fn what_grows_keeps_its_bytes() {
        for (align, old) in [(1, 3), (4, 8), (8, 1 << 13)] {
            let place = made(old, align);
            // SAFETY: it was made so.
            let grown = unsafe { realloc(place, old, align, old + 8) };
            // SAFETY: it is that large, and the old bytes were copied.
            let bytes = unsafe { std::slice::from_raw_parts(grown, old) };
            assert!(bytes.iter().all(|byte| *byte == 0xa5), "{old} by {align}");
            // SAFETY: it was made so, and is not looked at again.
            unsafe { free(grown, old + 8, align) };
        }
        all_released();
    }
}
