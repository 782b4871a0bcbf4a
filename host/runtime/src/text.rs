//! What guests write, as people may see it.

/// Shown of one message.
const MESSAGE_CHARS_MAX: usize = 2_000;
/// Shown of one name.
const NAME_CHARS_MAX: usize = 64;

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

fn cut(text: &str, chars_max: usize) -> String {
    match text.char_indices().nth(chars_max) {
        Some((end, _)) => clean(text.get(..end).unwrap_or_default()) + " […]",
        None => clean(text),
    }
}

/// A message, clean and not too long.
pub(crate) fn message(text: &str) -> String {
    cut(text, MESSAGE_CHARS_MAX)
}

/// A name that nothing has checked yet, clean and not too long.
pub(crate) fn name(text: &str) -> String {
    cut(text, NAME_CHARS_MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_cut_between_characters_and_cleaned() {
        assert_eq!(message("short\n\u{1b}[2J\t."), "short\n\u{fffd}[2J\t.");
        assert_eq!(name(&"é".repeat(64)), "é".repeat(64));
        assert_eq!(name(&"é".repeat(65)), "é".repeat(64) + " […]");
    }
}
