//! Policies of AWS IAM, evaluated as far as `sandglass iam` writes them.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

/// Something that a request asks for.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Right {
    pub action: String,
    pub resource: String,
    /// What conditions look at.
    pub keys: BTreeMap<&'static str, String>,
}

impl Right {
    pub fn new(action: &str, resource: &str) -> Self {
        Self {
            action: action.to_owned(),
            resource: resource.to_owned(),
            keys: BTreeMap::new(),
        }
    }

    pub fn with(mut self, key: &'static str, value: &str) -> Self {
        self.keys.insert(key, value.to_owned());
        self
    }
}

/// An operator, the key that it looks at, and the values that it compares that with: one is enough.
type Condition = (String, String, Vec<String>);

/// Some actions that are allowed on resources.
struct Statement {
    sid: String,
    actions: BTreeSet<String>,
    resources: Vec<String>,
    conditions: Vec<Condition>,
}

/// A policy document: what no statement allows is denied.
pub struct Policy(Vec<Statement>);

impl Policy {
    /// What a document says, and nothing of it is passed over.
    pub fn of(document: &Value) -> Self {
        assert_eq!(keys(document), ["Statement", "Version"]);
        assert_eq!(document["Version"], "2012-10-17");
        Self(list(&document["Statement"]).iter().map(Statement::of).collect())
    }

    pub fn allows(&self, right: &Right) -> bool {
        self.0.iter().any(|statement| statement.allows(right))
    }

    /// Actions with their statements' names that none of these asks for.
    pub fn unused<'a>(&'a self, rights: &BTreeSet<Right>) -> BTreeSet<(&'a str, &'a str)> {
        let each = self.0.iter().flat_map(|statement| {
            let actions = statement.actions.iter();
            actions.map(move |action| (statement, action))
        });
        let is_used = |statement: &Statement, action: &str| {
            let mut rights = rights.iter().filter(|right| like(action, &right.action));
            rights.any(|right| statement.allows(right))
        };
        each.filter(|(statement, action)| !is_used(statement, action))
            .map(|(statement, action)| (action.as_str(), statement.sid.as_str()))
            .collect()
    }
}

impl Statement {
    fn of(statement: &Value) -> Self {
        let known = ["Action", "Condition", "Effect", "Resource", "Sid"];
        assert!(keys(statement).iter().all(|key| known.contains(key)), "{statement}");
        assert_eq!(statement["Effect"], "Allow");
        let conditions = statement["Condition"].as_object().into_iter().flatten();
        let conditions = conditions.flat_map(|(operator, compared)| {
            let compared = compared.as_object().unwrap().iter();
            compared.map(|(key, value)| (operator.clone(), key.clone(), texts(value)))
        });
        Self {
            sid: text(&statement["Sid"]),
            actions: list(&statement["Action"]).iter().map(text).collect(),
            resources: texts(&statement["Resource"]),
            conditions: conditions.collect(),
        }
    }

    fn allows(&self, right: &Right) -> bool {
        self.actions.iter().any(|action| like(action, &right.action))
            && self.resources.iter().any(|resource| like(resource, &right.resource))
            && self.conditions.iter().all(|condition| holds(condition, right))
    }
}

/// A key that the request does not have is no value.
fn holds((operator, key, values): &Condition, right: &Right) -> bool {
    let Some(found) = right.keys.get(key.as_str()) else {
        return false;
    };
    match operator.as_str() {
        // Of a key with several values one is enough, and no test has more.
        "StringEquals" | "ForAnyValue:StringEquals" => values.contains(found),
        "StringLike" => values.iter().any(|value| like(value, found)),
        _ => panic!("no such operator is known: {operator}"),
    }
}

/// Whether a text is as a pattern says, in which `*` is any text and `?` any character.
fn like(pattern: &str, text: &str) -> bool {
    match pattern.chars().next() {
        None => text.is_empty(),
        Some('*') => {
            let rest = &pattern[1..];
            let mut ends = text.char_indices().map(|(at, _)| at).chain([text.len()]);
            ends.any(|at| like(rest, &text[at..]))
        }
        Some(expected) => {
            let mut characters = text.chars();
            let found = characters.next();
            found.is_some_and(|found| expected == '?' || expected == found)
                && like(&pattern[expected.len_utf8()..], characters.as_str())
        }
    }
}

fn keys(object: &Value) -> Vec<&str> {
    let mut keys: Vec<&str> = object.as_object().unwrap().keys().map(String::as_str).collect();
    keys.sort_unstable();
    keys
}

fn list(value: &Value) -> &Vec<Value> {
    value.as_array().unwrap()
}

fn text(value: &Value) -> String {
    value.as_str().unwrap().to_owned()
}

/// One text, or a list of some.
fn texts(value: &Value) -> Vec<String> {
    match value.as_array() {
        Some(several) => several.iter().map(text).collect(),
        None => vec![text(value)],
    }
}
