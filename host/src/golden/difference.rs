//! Where two tables differ, for people: the rows that are not in both, and under them a mark for every cell that differs.

use super::csv::Record;

/// Pairs of rows that are shown; the rest is counted.
const SHOWN: usize = 8;
/// Tables with more pairs of rows than this are compared place by place.
const PAIRS_MAX: usize = 4_000_000;
const CELL_CHARS: usize = 40;

/// A row that is expected, a row that is given, or both where they differ.
struct Change<'a> {
    expected: Option<(usize, &'a Record)>,
    given: Option<(usize, &'a Record)>,
}

/// What differs, or none if nothing does.
pub(super) fn difference(columns: &[String], expected: &[Record], given: &[Record]) -> Option<String> {
    let changes = changes(expected, given);
    if changes.is_empty() {
        return None;
    }
    let mut text = format!(
        "{} expected, {} given, {}\n",
        rows(expected.len()),
        given.len(),
        match changes.len() {
            1 => "1 differs".to_owned(),
            n => format!("{n} differ"),
        }
    );
    let mut lines: Vec<Vec<String>> = vec![
        ["", "row"]
            .into_iter()
            .map(str::to_owned)
            .chain(columns.to_vec())
            .collect(),
    ];
    for change in changes.iter().take(SHOWN) {
        lines.extend(change.lines());
    }
    text.push_str(&aligned(&lines));
    if changes.len() > SHOWN {
        text.push_str(&format!("… and {} more\n", changes.len() - SHOWN));
    }
    Some(text)
}

fn rows(count: usize) -> String {
    format!("{count} {}", if count == 1 { "row" } else { "rows" })
}

impl Change<'_> {
    fn lines(&self) -> Vec<Vec<String>> {
        let line = |sign: &str, (place, record): (usize, &Record), other: Option<&Record>| {
            let cells = record.iter().enumerate().map(|(column, cell)| {
                let other = other.and_then(|other| other.get(column));
                shown(cell, other)
            });
            [sign.to_owned(), (place + 1).to_string()]
                .into_iter()
                .chain(cells)
                .collect::<Vec<_>>()
        };
        let mut lines = Vec::new();
        if let Some(expected) = self.expected {
            lines.push(line("-", expected, self.given.map(|(_, record)| record)));
        }
        if let Some(given) = self.given {
            lines.push(line("+", given, self.expected.map(|(_, record)| record)));
        }
        if let (Some((_, expected)), Some((_, given)), [above, below]) = (self.expected, self.given, lines.as_slice()) {
            let width = |column: usize| {
                let cell = |line: &Vec<String>| line.get(column + 2).map_or(0, |cell| cell.chars().count());
                cell(above).max(cell(below)).max(1)
            };
            let marks = expected
                .iter()
                .zip(given)
                .enumerate()
                .map(|(column, (expected, given))| {
                    if expected == given {
                        String::new()
                    } else {
                        "^".repeat(width(column))
                    }
                });
            let marks: Vec<String> = [String::new(), String::new()].into_iter().chain(marks).collect();
            lines.push(marks);
        }
        lines
    }
}

/// A cell without line breaks; one that is long is cut, around the first place where it differs from the other.
fn shown(cell: &Option<String>, other: Option<&Option<String>>) -> String {
    let Some(text) = cell else {
        return "null".to_owned();
    };
    let clean = |text: &str| -> Vec<char> { text.chars().flat_map(char::escape_debug).collect() };
    if text.is_empty() || text == "null" {
        return format!("\"{text}\"");
    }
    let written: Vec<char> = if text.chars().any(char::is_control) {
        clean(text)
    } else {
        text.chars().collect()
    };
    if written.len() <= CELL_CHARS {
        return written.into_iter().collect();
    }
    let other: Vec<char> = match other {
        Some(Some(other)) if other != text => other.chars().collect(),
        _ => written.clone(),
    };
    let same = written.iter().zip(&other).take_while(|(a, b)| a == b).count();
    let from = same.saturating_sub(CELL_CHARS / 2).min(written.len() - CELL_CHARS);
    let from = if other.len() == written.len() && same == written.len() {
        0
    } else {
        from
    };
    let middle: String = written.iter().skip(from).take(CELL_CHARS).collect();
    let before = if from > 0 { "…" } else { "" };
    let after = if from + CELL_CHARS < written.len() { "…" } else { "" };
    format!("{before}{middle}{after}")
}

fn aligned(lines: &[Vec<String>]) -> String {
    let columns = lines.iter().map(Vec::len).max().unwrap_or(0);
    let width = |column: usize| {
        let cells = lines.iter().filter_map(|line| line.get(column));
        cells.map(|cell| cell.chars().count()).max().unwrap_or(0)
    };
    let widths: Vec<usize> = (0..columns).map(width).collect();
    let mut text = String::new();
    for line in lines {
        let cells = line.iter().zip(&widths).map(|(cell, width)| format!("{cell:<width$}"));
        text.push_str(cells.collect::<Vec<_>>().join("  ").trim_end());
        text.push('\n');
    }
    text
}

fn changes<'a>(expected: &'a [Record], given: &'a [Record]) -> Vec<Change<'a>> {
    let same = |(a, b): (&Record, &Record)| a == b;
    let head = expected.iter().zip(given).take_while(|pair| same(*pair)).count();
    let (expected_rest, given_rest) = (&expected[head..], &given[head..]);
    let tail = expected_rest
        .iter()
        .rev()
        .zip(given_rest.iter().rev())
        .take_while(|pair| same(*pair))
        .count();
    let left = &expected_rest[..expected_rest.len() - tail];
    let right = &given_rest[..given_rest.len() - tail];
    let mut changes = Vec::new();
    let (mut from_left, mut from_right) = (0, 0);
    let mut gap = |left_end: usize, right_end: usize| {
        let lefts = (from_left..left_end).map(|at| (head + at, &left[at]));
        let rights = (from_right..right_end).map(|at| (head + at, &right[at]));
        let (mut lefts, mut rights) = (lefts, rights);
        loop {
            match (lefts.next(), rights.next()) {
                (None, None) => break,
                (expected, given) => changes.push(Change { expected, given }),
            }
        }
        (from_left, from_right) = (left_end + 1, right_end + 1);
    };
    for (left, right) in common(left, right) {
        gap(left, right);
    }
    gap(left.len(), right.len());
    // Of tables too large to be aligned some pairs are the same.
    changes.retain(|change| match (change.expected, change.given) {
        (Some((_, expected)), Some((_, given))) => expected != given,
        _ => true,
    });
    changes
}

/// A longest sequence of rows that both have, as places in both.
fn common(left: &[Record], right: &[Record]) -> Vec<(usize, usize)> {
    if left.len().saturating_mul(right.len()) > PAIRS_MAX {
        return Vec::new();
    }
    let width = right.len() + 1;
    let mut lengths = vec![0_u32; (left.len() + 1) * width];
    for i in (0..left.len()).rev() {
        for j in (0..right.len()).rev() {
            lengths[i * width + j] = if left[i] == right[j] {
                lengths[(i + 1) * width + j + 1] + 1
            } else {
                lengths[(i + 1) * width + j].max(lengths[i * width + j + 1])
            };
        }
    }
    let (mut i, mut j) = (0, 0);
    let mut pairs = Vec::new();
    while i < left.len() && j < right.len() {
        if left[i] == right[j] {
            pairs.push((i, j));
            (i, j) = (i + 1, j + 1);
        } else if lengths[(i + 1) * width + j] >= lengths[i * width + j + 1] {
            i += 1;
        } else {
            j += 1;
        }
    }
    pairs
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn table(text: &str) -> Vec<Record> {
        let row = |line: &str| {
            line.split(' ')
                .map(|cell| (cell != "-").then(|| cell.to_owned()))
                .collect()
        };
        text.lines().map(row).collect()
    }

    fn shown_of(expected: &str, given: &str) -> String {
        let columns = ["id".to_owned(), "text".to_owned()];
        difference(&columns, &table(expected), &table(given)).unwrap_or_default()
    }

    #[test]
    fn changed_missing_and_new_rows() {
        assert_eq!(shown_of("1 a\n2 b", "1 a\n2 b"), "");
        assert_eq!(
            shown_of("1 a\n2 b\n3 c\n4 d", "1 a\n3 c\n4 dd\n5 -"),
            "4 rows expected, 4 given, 3 differ\n   row  id  text\n-  2    2   b\n-  4    4   d\n+  3    4   dd\n            \
             ^^\n+  4    5   null\n"
        );
        assert!(shown_of("1 a", "").starts_with("1 row expected, 0 given, 1 differs\n"));
    }

    #[test]
    fn long_cells_are_cut_where_they_differ() {
        let (left, right) = (format!("{}x{}", "a".repeat(100), "b".repeat(100)), "a".repeat(201));
        let text = shown_of(&format!("1 {left}"), &format!("1 {right}"));
        assert!(text.contains("…aaaaaaaaaaaaaaaaaaaaxbbbbbbbbbbbbbbbbbbb…"), "{text}");
        let many: String = (0..50).map(|row| format!("{row} a\n")).collect();
        assert!(shown_of(&many, &many.replace('a', "b")).ends_with("… and 42 more\n"));
    }

    proptest! {
        /// What is expected, without the rows that are missed and with the ones that are new, is what is given.
        #[test]
        fn applying_the_changes_gives_what_is_given(
            left in prop::collection::vec(prop::option::of("[ab]"), 0..12),
            right in prop::collection::vec(prop::option::of("[ab]"), 0..12),
        ) {
            let table = |cells: &[Option<String>]| -> Vec<Record> { cells.iter().map(|cell| vec![cell.clone()]).collect() };
            let (left, right) = (table(&left), table(&right));
            let changes = changes(&left, &right);
            prop_assert_eq!(changes.is_empty(), left == right);
            let missed: Vec<usize> = changes.iter().filter_map(|change| change.expected.map(|(at, _)| at)).collect();
            let new: Vec<usize> = changes.iter().filter_map(|change| change.given.map(|(at, _)| at)).collect();
            let keep = |rows: &[Record], without: &[usize]| -> Vec<Record> {
                rows.iter().enumerate().filter(|(at, _)| !without.contains(at)).map(|(_, row)| row.clone()).collect()
            };
            prop_assert_eq!(keep(&left, &missed), keep(&right, &new));
        }
    }
}
