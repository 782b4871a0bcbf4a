//! What guests write, as people may see it.

/// Shown of one message.
const MESSAGE_CHARS_MAX: usize = 2_000;

/// Without control characters, which would let a guest write over a terminal.
pub(crate) fn clean(text: &str) -> String {
    let clean = |c: char| {
        if c.is_control() && c != '\n' && c != '\t' {
            char::REPLACEMENT_CHARACTER
        } else {
            c
        }
    };
    text.chars().map(clean).collect()
}

/// A message, clean and not too long.
pub(crate) fn shorten(message: &str) -> String {
    match message.char_indices().nth(MESSAGE_CHARS_MAX) {
        Some((end, _)) => clean(&message[..end]) + " […]",
        None => clean(message),
    }
}
