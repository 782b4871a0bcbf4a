//! How the folders of a source are named: a template such as `year=%Y/month=%m/day=%d` or `country={country}/date=%Y-%m-%d`,
//! one part for each level of folders. Time is written as strftime does; `{name}` is a column's value.

use std::fmt;
use std::str::FromStr;

use chrono::{Days, Months, NaiveDate, NaiveDateTime, TimeDelta};
use serde::{Deserialize, Serialize};

use crate::time::{Interval, Timestamp};

/// A template for paths of folders, below that of the source.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct Partitions {
    text: String,
    levels: Vec<Level>,
    columns: Vec<String>,
    step: Option<Step>,
}

/// What a path says of the files below it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Partition {
    /// The folder, below the source's.
    pub folder: String,
    /// The time that its rows lie in; none if the template says nothing of time.
    pub range: Option<Interval>,
    /// Values of [`Partitions::columns`], null for Hive's default partition.
    pub values: Vec<Option<String>>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Level {
    parts: Vec<Part>,
    /// The column whose value is what follows `key=`.
    key: Option<usize>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Part {
    Literal(String),
    Time(Field),
    Column(usize),
}

/// A field of a time, in the order in which a date is complete.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Field {
    Year,
    Month,
    Day,
    DayOfYear,
    Hour,
    Minute,
}

/// How much time a partition holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Step {
    Year,
    Month,
    Day,
    Hour,
    Minute,
}

/// Hive's name for null.
const NULL: &str = "__HIVE_DEFAULT_PARTITION__";

impl Partitions {
    /// The columns that paths hold, in the order of the template: what `{name}` stands for, and of `key=…` the key.
    pub fn columns(&self) -> &[String] {
        &self.columns
    }

    /// Whether it says which time a folder's rows lie in.
    pub fn has_time(&self) -> bool {
        self.step.is_some()
    }

    /// What the folders of a file say of it, or what is wrong with them. Folders below the template's say nothing.
    pub fn read(&self, folders: &[&str]) -> Result<Partition, String> {
        let mut times = Times::default();
        let mut values = vec![None; self.columns.len()];
        for (index, level) in self.levels.iter().enumerate() {
            let Some(folder) = folders.get(index) else {
                return Err(format!(
                    "it lies in {} folders, not {}",
                    folders.len(),
                    self.levels.len()
                ));
            };
            let decoded = decode(folder);
            level
                .read(&decoded, &mut times, &mut values)
                .ok_or_else(|| format!("folder `{}` is not `{}`", shown(folder), self.level_text(index)))?;
        }
        let folder = folders.get(..self.levels.len()).unwrap_or(folders).join("/");
        let range = match self.step {
            None => None,
            Some(step) => Some(
                times
                    .range(step)
                    .ok_or_else(|| format!("`{}` is no time", shown(&folder)))?,
            ),
        };
        Ok(Partition { folder, range, values })
    }

    fn level_text(&self, index: usize) -> &str {
        self.text.split('/').nth(index).unwrap_or_default()
    }
}

fn shown(text: &str) -> String {
    text.chars().take(100).collect()
}

impl Level {
    fn read(&self, text: &str, times: &mut Times, values: &mut [Option<String>]) -> Option<()> {
        let mut rest = text;
        let mut parts = self.parts.iter().peekable();
        let mut after_time = false;
        while let Some(part) = parts.next() {
            match part {
                Part::Literal(literal) => rest = rest.strip_prefix(literal.as_str())?,
                Part::Time(field) => {
                    let tight = after_time || matches!(parts.peek(), Some(Part::Time(_)));
                    rest = times.read(*field, rest, tight)?;
                }
                Part::Column(column) => {
                    let end = match parts.peek() {
                        Some(Part::Literal(literal)) => rest.find(literal.as_str())?,
                        _ => rest.len(),
                    };
                    let (value, after) = rest.split_at_checked(end)?;
                    rest = after;
                    if value != NULL {
                        *values.get_mut(*column)? = Some(value.to_owned());
                    }
                }
            }
            after_time = matches!(part, Part::Time(_));
        }
        if let Some(key) = self.key {
            let (_, value) = text.split_once('=')?;
            *values.get_mut(key)? = Some(value.to_owned());
        }
        rest.is_empty().then_some(())
    }
}

#[derive(Debug, Default)]
struct Times {
    year: Option<u32>,
    month: Option<u32>,
    day: Option<u32>,
    day_of_year: Option<u32>,
    hour: Option<u32>,
    minute: Option<u32>,
}

impl Times {
    /// Takes a field's digits; all that it may have if nothing divides it from another field.
    fn read<'a>(&mut self, field: Field, text: &'a str, tight: bool) -> Option<&'a str> {
        let (least, most) = match field {
            Field::Year => (4, 4),
            Field::DayOfYear => (if tight { 3 } else { 1 }, 3),
            _ => (if tight { 2 } else { 1 }, 2),
        };
        let digits = text.bytes().take(most).take_while(u8::is_ascii_digit).count();
        if digits < least {
            return None;
        }
        let (number, rest) = text.split_at_checked(digits)?;
        let number = number.parse().ok()?;
        let place = match field {
            Field::Year => &mut self.year,
            Field::Month => &mut self.month,
            Field::Day => &mut self.day,
            Field::DayOfYear => &mut self.day_of_year,
            Field::Hour => &mut self.hour,
            Field::Minute => &mut self.minute,
        };
        // A field that is written twice says the same twice.
        (*place.get_or_insert(number) == number).then_some(rest)
    }

    fn range(&self, step: Step) -> Option<Interval> {
        let year = i32::try_from(self.year?).ok()?;
        let date = match self.day_of_year {
            Some(day) => NaiveDate::from_yo_opt(year, day)?,
            None => NaiveDate::from_ymd_opt(year, self.month.unwrap_or(1), self.day.unwrap_or(1))?,
        };
        let start = date.and_hms_opt(self.hour.unwrap_or(0), self.minute.unwrap_or(0), 0)?;
        let end = match step {
            Step::Year => start.checked_add_months(Months::new(12)),
            Step::Month => start.checked_add_months(Months::new(1)),
            Step::Day => start.checked_add_days(Days::new(1)),
            Step::Hour => start.checked_add_signed(TimeDelta::hours(1)),
            Step::Minute => start.checked_add_signed(TimeDelta::minutes(1)),
        }?;
        let at = |time: NaiveDateTime| Timestamp::from_micros(time.and_utc().timestamp_micros());
        Some(Interval {
            start: at(start),
            end: at(end),
        })
    }
}

/// Hive writes what a file system may not like as %XX.
fn decode(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut rest = bytes;
    while let Some((first, after)) = rest.split_first() {
        let code = match (first, after) {
            (b'%', [high, low, ..]) => std::str::from_utf8(&[*high, *low])
                .ok()
                .filter(|hex| hex.bytes().all(|byte| byte.is_ascii_hexdigit()))
                .and_then(|hex| u8::from_str_radix(hex, 16).ok()),
            _ => None,
        };
        match code {
            Some(byte) => {
                out.push(byte);
                rest = after.get(2..).unwrap_or_default();
            }
            None => {
                out.push(*first);
                rest = after;
            }
        }
    }
    String::from_utf8(out).unwrap_or_else(|_| text.to_owned())
}

impl FromStr for Partitions {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let mut columns: Vec<String> = Vec::new();
        let mut fields = Vec::new();
        let mut levels = Vec::new();
        if text.is_empty() {
            return Err(
                "`partitions` is empty; write it as \"date=%Y-%m-%d\", one part for each level of folders".into(),
            );
        }
        for level in text.split('/') {
            if level.is_empty() {
                return Err(format!("`{text}` has a level without a name"));
            }
            let parts = parts(level, &mut columns, &mut fields)?;
            let has_column = parts.iter().any(|part| matches!(part, Part::Column(_)));
            let key = match level.split_once('=') {
                Some((key, _)) if !has_column && !key.contains('%') && !key.is_empty() => {
                    Some(column(&mut columns, key)?)
                }
                _ => None,
            };
            levels.push(Level { parts, key });
        }
        if columns.is_empty() && fields.is_empty() {
            return Err(format!(
                "`{text}` says nothing of its folders: write times as %Y, %m, %d, %j, %H, %M, and columns as {{name}}"
            ));
        }
        let step = step(&fields)?;
        Ok(Self {
            text: text.to_owned(),
            levels,
            columns,
            step,
        })
    }
}

fn column(columns: &mut Vec<String>, name: &str) -> Result<usize, String> {
    if name.is_empty() || name.starts_with("__") {
        return Err(format!(
            "`{name}` cannot be a column: names that begin with `__` are the store's own"
        ));
    }
    if columns.iter().any(|other| other == name) {
        return Err(format!("two parts of `partitions` are named `{name}`"));
    }
    columns.push(name.to_owned());
    Ok(columns.len() - 1)
}

fn parts(level: &str, columns: &mut Vec<String>, fields: &mut Vec<Field>) -> Result<Vec<Part>, String> {
    let mut parts = Vec::new();
    let mut rest = level;
    while let Some(first) = rest.chars().next() {
        let after = rest.get(first.len_utf8()..).unwrap_or_default();
        match first {
            '%' => {
                let letter = after.chars().next();
                let whole: &[(Field, Option<char>)] = match letter {
                    Some('Y') => &[(Field::Year, None)],
                    Some('m') => &[(Field::Month, None)],
                    Some('d') => &[(Field::Day, None)],
                    Some('j') => &[(Field::DayOfYear, None)],
                    Some('H') => &[(Field::Hour, None)],
                    Some('M') => &[(Field::Minute, None)],
                    Some('F') => &[(Field::Year, Some('-')), (Field::Month, Some('-')), (Field::Day, None)],
                    other => {
                        let other = other.map_or(String::new(), String::from);
                        return Err(format!(
                            "`%{other}` in `{level}`: folders' times are written with %Y, %m, %d, %j, %H, %M, or %F for %Y-%m-%d"
                        ));
                    }
                };
                if matches!(parts.last(), Some(Part::Column(_))) {
                    return Err(format!("in `{level}` nothing divides a column from what follows it"));
                }
                for (field, divider) in whole {
                    fields.push(*field);
                    parts.push(Part::Time(*field));
                    parts.extend(divider.map(|divider| Part::Literal(divider.to_string())));
                }
                rest = after.get(1..).unwrap_or_default();
            }
            '{' => {
                let Some((name, after)) = after.split_once('}') else {
                    return Err(format!("`{level}` has a `{{` and no `}}`"));
                };
                if matches!(parts.last(), Some(Part::Column(_))) {
                    return Err(format!("in `{level}` nothing divides a column from what follows it"));
                }
                parts.push(Part::Column(column(columns, name)?));
                rest = after;
            }
            literal => {
                match parts.last_mut() {
                    Some(Part::Literal(text)) => text.push(literal),
                    _ => parts.push(Part::Literal(literal.to_string())),
                }
                rest = after;
            }
        }
    }
    Ok(parts)
}

fn step(fields: &[Field]) -> Result<Option<Step>, String> {
    let has = |field| fields.contains(&field);
    let day = has(Field::Day) || has(Field::DayOfYear);
    let missing = if fields.is_empty() {
        return Ok(None);
    } else if !has(Field::Year) {
        Some("%Y")
    } else if has(Field::Day) && !has(Field::Month) {
        Some("%m")
    } else if has(Field::Hour) && !day {
        Some("%d")
    } else if has(Field::Minute) && !has(Field::Hour) {
        Some("%H")
    } else {
        None
    };
    if let Some(missing) = missing {
        return Err(format!(
            "`partitions` has no {missing}: its folders are not one stretch of time each"
        ));
    }
    Ok(Some(if has(Field::Minute) {
        Step::Minute
    } else if has(Field::Hour) {
        Step::Hour
    } else if day {
        Step::Day
    } else if has(Field::Month) {
        Step::Month
    } else {
        Step::Year
    }))
}

impl fmt::Display for Partitions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl From<Partitions> for String {
    fn from(partitions: Partitions) -> Self {
        partitions.text
    }
}

impl TryFrom<String> for Partitions {
    type Error = String;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(template: &str, folders: &str) -> Result<(String, Vec<Option<String>>), String> {
        let partitions: Partitions = template.parse()?;
        let partition = partitions.read(&folders.split('/').collect::<Vec<_>>())?;
        let range = partition
            .range
            .map_or(String::new(), |range| format!("{} {}", range.start, range.end));
        Ok((range.replace("T00:00:00Z", ""), partition.values))
    }

    #[test]
    fn folders_are_stretches_of_time() {
        for (template, folders, range) in [
            ("date=%Y-%m-%d", "date=2024-02-29", "2024-02-29 2024-03-01"),
            ("ds=%F", "ds=2024-02-29", "2024-02-29 2024-03-01"),
            (
                "year=%Y/month=%m/day=%d",
                "year=2024/month=2/day=05",
                "2024-02-05 2024-02-06",
            ),
            ("%Y/%m/%d", "2024/12/31/deeper", "2024-12-31 2025-01-01"),
            ("%Y%m", "202412", "2024-12-01 2025-01-01"),
            ("%Y", "2024", "2024-01-01 2025-01-01"),
            ("%Y.%j", "2024.366", "2024-12-31 2025-01-01"),
            (
                "d=%Y%m%d/hour=%H",
                "d=20240105/hour=23",
                "2024-01-05T23:00:00Z 2024-01-06",
            ),
            (
                "date=%Y-%m-%d/year=%Y",
                "date=2024-01-05/year=2024",
                "2024-01-05 2024-01-06",
            ),
        ] {
            assert_eq!(read(template, folders).expect(folders).0, range, "{template}");
        }
    }

    #[test]
    fn folders_that_do_not_fit_are_named() {
        for (template, folders) in [
            ("date=%Y-%m-%d", "date=2024-02-30"),
            ("date=%Y-%m-%d", "date=2024-02-2x"),
            ("date=%Y-%m-%d", "day=2024-02-01"),
            ("date=%Y-%m-%d", "date=__HIVE_DEFAULT_PARTITION__"),
            ("year=%Y/month=%m", "year=2024"),
            ("%Y%m%d", "2024111"),
            ("date=%Y-%m-%d/year=%Y", "date=2024-01-05/year=2023"),
        ] {
            assert!(read(template, folders).is_err(), "{template} {folders}");
        }
    }

    #[test]
    fn values_become_columns() {
        let partitions: Partitions = "country={country}/{shop}-x/date=%F".parse().expect("a template");
        assert_eq!(partitions.columns(), ["country", "shop", "date"]);
        let (_, values) = read(
            "country={country}/{shop}-x/date=%F",
            "country=a%20b%2F/7-x/date=2024-01-01",
        )
        .expect("fits");
        assert_eq!(
            values,
            [Some("a b/".into()), Some("7".into()), Some("2024-01-01".into())]
        );
        let (_, values) = read("country={country}", "country=__HIVE_DEFAULT_PARTITION__").expect("fits");
        assert_eq!(values, [None]);
    }

    #[test]
    fn templates_that_say_nothing_are_refused() {
        for template in [
            "",
            "a/b",
            "%d",
            "%Y/%d",
            "%Y/%H",
            "%s",
            "{a}{b}",
            "{a",
            "a={x}/b={x}",
            "%Y//%m",
            "{__x}",
            "{a}%Y",
        ] {
            assert!(template.parse::<Partitions>().is_err(), "{template}");
        }
        let text = serde_json::to_string(&"date=%F".parse::<Partitions>().expect("a template")).expect("JSON");
        assert_eq!(text, "\"date=%F\"");
        assert!(serde_json::from_str::<Partitions>("\"%d\"").is_err());
    }
}
