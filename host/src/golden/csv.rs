//! CSV in which null and an empty text are two things: nothing between the commas, and `""`.

/// The cells of a line; none is null.
pub(super) type Record = Vec<Option<String>>;

/// What is wrong with a text, and the line it is in, from 1.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct CsvProblem {
    pub(super) line: usize,
    pub(super) message: &'static str,
}

/// Records with the lines they begin at. A line without anything is a record of one null.
pub(super) fn read(text: &str) -> Result<Vec<(usize, Record)>, CsvProblem> {
    let mut records = Vec::new();
    let mut rest = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut line = 1;
    while !rest.is_empty() {
        let began = line;
        let mut record = Record::new();
        loop {
            let at = line;
            let problem = |message| CsvProblem { line: at, message };
            let (cell, after) = if let Some(quoted) = rest.strip_prefix('"') {
                let (cell, after) = unquote(quoted).ok_or(problem("a quote that is not closed"))?;
                line += cell.matches('\n').count();
                (Some(cell), after)
            } else {
                let end = rest.find([',', '\n']).unwrap_or(rest.len());
                let (cell, after) = rest.split_at(end);
                let cell = if after.starts_with(',') {
                    cell
                } else {
                    cell.strip_suffix('\r').unwrap_or(cell)
                };
                if cell.contains('"') {
                    return Err(problem(
                        "a quote in the middle of a cell: quote all of it, and double quotes inside",
                    ));
                }
                ((!cell.is_empty()).then(|| cell.to_owned()), after)
            };
            record.push(cell);
            if let Some(after) = after.strip_prefix(',') {
                rest = after;
                continue;
            }
            let ended = after.strip_prefix("\r\n").or_else(|| after.strip_prefix('\n'));
            rest = match ended {
                Some(after) => after,
                None if after.is_empty() || after == "\r" => "",
                None => return Err(problem("text after a closing quote")),
            };
            line += 1;
            break;
        }
        records.push((began, record));
    }
    Ok(records)
}

/// The text up to the closing quote, and what is behind it.
fn unquote(text: &str) -> Option<(String, &str)> {
    let mut cell = String::new();
    let mut rest = text;
    loop {
        let (before, after) = rest.split_once('"')?;
        cell.push_str(before);
        match after.strip_prefix('"') {
            Some(after) => {
                cell.push('"');
                rest = after;
            }
            None => return Some((cell, after)),
        }
    }
}

/// A line for each record.
pub(super) fn write<'a>(records: impl IntoIterator<Item = &'a Record>) -> String {
    let mut text = String::new();
    for record in records {
        let cells: Vec<String> = record.iter().map(cell).collect();
        text.push_str(&cells.join(","));
        text.push('\n');
    }
    text
}

fn cell(cell: &Option<String>) -> String {
    let Some(text) = cell else {
        return String::new();
    };
    let spaced = text.starts_with(char::is_whitespace) || text.ends_with(char::is_whitespace);
    if text.is_empty() || spaced || text.contains([',', '"', '\n', '\r']) || text.starts_with('\u{feff}') {
        format!("\"{}\"", text.replace('"', "\"\""))
    } else {
        text.clone()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn records(text: &str) -> Vec<Record> {
        let records = read(text).expect("valid");
        records.into_iter().map(|(_, record)| record).collect()
    }

    fn some(text: &str) -> Option<String> {
        Some(text.to_owned())
    }

    #[test]
    fn nulls_empty_texts_quotes_and_lines() {
        assert_eq!(
            records("a,,\"\"\r\n\"b \"\"c\"\"\",\"d\n,e\",\n"),
            [
                vec![some("a"), None, some("")],
                vec![some("b \"c\""), some("d\n,e"), None]
            ]
        );
        assert_eq!(records("a\n\nb"), [vec![some("a")], vec![None], vec![some("b")]]);
        assert_eq!(records(""), Vec::<Record>::new());
    }

    #[test]
    fn lines_are_told() {
        assert_eq!(read("a\n\"b").expect_err("open").line, 2);
        assert_eq!(
            read("a\n\"b\n\"x").expect_err("after").message,
            "text after a closing quote"
        );
        assert_eq!(read("a\nb\"c").expect_err("inside").line, 2);
        let lines: Vec<usize> = read("\"a\nb\"\nc")
            .expect("valid")
            .into_iter()
            .map(|(line, _)| line)
            .collect();
        assert_eq!(lines, [1, 3]);
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(given in prop::collection::vec(
            prop::collection::vec(prop::option::of("[ab,\"\n\r \u{feff}]{0,4}"), 1..4), 0..4)) {
            prop_assert_eq!(records(&write(&given)), given);
        }

        #[test]
        fn no_text_panics(text in "[ab,\"\n\r\u{feff}é]{0,40}") {
            let _ = read(&text);
        }
    }
}
