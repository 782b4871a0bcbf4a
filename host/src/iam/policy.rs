//! Policies as IAM takes them.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Serialize, Serializer};

/// A policy document: what it does not say is not allowed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct Policy {
    version: &'static str,
    /// None if nothing is needed. IAM takes no such document, and needs none.
    pub statement: Vec<Statement>,
}

impl Policy {
    pub(super) fn new(statement: Vec<Statement>) -> Self {
        Self {
            version: "2012-10-17",
            statement,
        }
    }
}

/// Operators of conditions, with the keys and values that they compare.
pub type Conditions = BTreeMap<&'static str, BTreeMap<&'static str, Texts>>;

/// Texts of which one is enough; a single one is written without brackets.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Texts(pub Vec<String>);

impl From<String> for Texts {
    fn from(text: String) -> Self {
        Self(vec![text])
    }
}

impl FromIterator<String> for Texts {
    fn from_iter<I: IntoIterator<Item = String>>(texts: I) -> Self {
        Self(texts.into_iter().collect())
    }
}

impl Serialize for Texts {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0.as_slice() {
            [one] => serializer.serialize_str(one),
            several => serializer.collect_seq(several),
        }
    }
}

/// Actions that are allowed on resources.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct Statement {
    /// Its name, once in a policy: letters and digits.
    pub sid: String,
    effect: &'static str,
    /// Each with its service.
    pub action: BTreeSet<String>,
    /// ARNs, in which `*` is any text.
    pub resource: Texts,
    /// All of them have to hold.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub condition: Conditions,
}

impl Statement {
    /// Allows actions of a service on resources; none if there are no actions.
    pub(super) fn allow<'a>(
        sid: &str,
        service: &str,
        actions: impl IntoIterator<Item = &'a str>,
        resource: impl Into<Texts>,
    ) -> Option<Self> {
        let action: BTreeSet<String> = actions
            .into_iter()
            .map(|action| format!("{service}:{action}"))
            .collect();
        (!action.is_empty()).then(|| Self {
            sid: sid.to_owned(),
            effect: "Allow",
            action,
            resource: resource.into(),
            condition: Conditions::new(),
        })
    }

    /// Where a key of the request is such a value only.
    #[must_use]
    pub(super) fn with(mut self, operator: &'static str, key: &'static str, value: impl Into<Texts>) -> Self {
        self.condition.entry(operator).or_default().insert(key, value.into());
        self
    }
}
