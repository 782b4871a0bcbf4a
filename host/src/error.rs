//! Errors answer one question: who has to do something about it.

pub use sandglass_runtime::{Classified, Kind};

/// The first of an error and its causes that is of this kind.
pub(crate) fn cause<'a, E: std::error::Error + 'static>(error: &'a (dyn std::error::Error + 'static)) -> Option<&'a E> {
    let mut next = Some(error);
    while let Some(error) = next {
        if let Some(found) = error.downcast_ref() {
            return Some(found);
        }
        next = error.source();
    }
    None
}
