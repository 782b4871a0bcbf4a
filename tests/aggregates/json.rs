//! JSON with its numbers as they are written: a reader that makes floats of them might round.

/// JSON.
#[derive(Debug, Clone, PartialEq)]
pub enum Json {
    Null,
    Boolean(bool),
    Number(String),
    Text(String),
    List(Vec<Json>),
    Object(Vec<(String, Json)>),
}

impl Json {
    /// Reads a whole text.
    pub fn read(text: &str) -> Self {
        let mut rest = text.trim_end();
        let value = value(&mut rest);
        assert!(rest.is_empty(), "{rest:?} is left");
        value
    }

    /// A member of an object.
    pub fn get(&self, name: &str) -> &Self {
        match self {
            Self::Object(members) => members
                .iter()
                .find(|(member, _)| member == name)
                .map(|(_, value)| value),
            _ => None,
        }
        .unwrap_or_else(|| panic!("no `{name}` in {self:?}"))
    }

    pub fn list(&self) -> &[Self] {
        let Self::List(values) = self else {
            panic!("{self:?} is no list")
        };
        values
    }

    pub fn text(&self) -> &str {
        let Self::Text(text) = self else {
            panic!("{self:?} is no text")
        };
        text
    }
}

fn value(rest: &mut &str) -> Json {
    skip(rest);
    for (word, value) in [
        ("null", Json::Null),
        ("true", Json::Boolean(true)),
        ("false", Json::Boolean(false)),
    ] {
        if let Some(after) = rest.strip_prefix(word) {
            *rest = after;
            return value;
        }
    }
    match rest.chars().next().unwrap() {
        '"' => Json::Text(text(rest)),
        '[' => {
            let mut values = Vec::new();
            each(rest, ']', |rest| values.push(value(rest)));
            Json::List(values)
        }
        '{' => {
            let mut members = Vec::new();
            each(rest, '}', |rest| {
                skip(rest);
                let name = text(rest);
                take(rest, ':');
                members.push((name, value(rest)));
            });
            Json::Object(members)
        }
        _ => {
            let end = rest
                .find(|c: char| !"+-.eE0123456789".contains(c))
                .unwrap_or(rest.len());
            assert!(end > 0, "{rest:?} is no JSON");
            let (number, after) = rest.split_at(end);
            *rest = after;
            Json::Number(number.to_owned())
        }
    }
}

fn skip(rest: &mut &str) {
    *rest = rest.trim_start();
}

fn take(rest: &mut &str, what: char) {
    skip(rest);
    *rest = rest
        .strip_prefix(what)
        .unwrap_or_else(|| panic!("no `{what}` at {rest:?}"));
}

fn each(rest: &mut &str, end: char, mut item: impl FnMut(&mut &str)) {
    *rest = &rest[1..];
    skip(rest);
    while !rest.starts_with(end) {
        item(rest);
        skip(rest);
        if rest.starts_with(',') {
            take(rest, ',');
        }
    }
    take(rest, end);
}

/// Its end is found here; what is in it is left to a reader of JSON.
fn text(rest: &mut &str) -> String {
    let mut escaped = false;
    let end = rest
        .char_indices()
        .skip(1)
        .find(|(_, c)| {
            let ends = *c == '"' && !escaped;
            escaped = *c == '\\' && !escaped;
            ends
        })
        .map(|(at, _)| at + 1)
        .unwrap_or_else(|| panic!("no end of {rest:?}"));
    let (text, after) = rest.split_at(end);
    *rest = after;
    serde_json::from_str(text).unwrap()
}

#[test]
fn numbers_stay_as_they_are() {
    let json = Json::read("{\"a\": [1e400, -0.0, null, true], \"b\\\"c\": {\"d\": \"\\u00e9\"}, \"e\": []}\n");
    let number = |text: &str| Json::Number(text.to_owned());
    assert_eq!(
        json.get("a").list(),
        [number("1e400"), number("-0.0"), Json::Null, Json::Boolean(true)]
    );
    assert_eq!(json.get("b\"c").get("d").text(), "é");
    assert!(json.get("e").list().is_empty());
}
