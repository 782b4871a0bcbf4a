//! Names. Every path, table, item key, metric and log line is named through [`Name`], and a name cannot be built without a
//! workspace: separating tenants is then a matter of quotas and keys, not of finding forgotten strings.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// What is wrong with a text that should be a name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is not a name: lower-case letters, digits and `_`, a letter first, at most 63")]
pub struct NameError {
    /// What was written, shortened.
    pub text: String,
}

/// Checks what names a workspace, a view, a source or an entity.
pub fn check_identifier(text: &str) -> Result<(), NameError> {
    let mut characters = text.chars();
    let valid = text.len() <= 63
        && characters.next().is_some_and(|first| first.is_ascii_lowercase())
        && characters.all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_');
    if valid {
        Ok(())
    } else {
        Err(NameError {
            text: text.chars().take(64).collect(),
        })
    }
}

/// A workspace's name.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct Workspace(String);

impl Workspace {
    /// As it is written.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Where its registry lies, below the offline store.
    pub fn registry_path(&self) -> String {
        format!("{}/_registry", self.0)
    }

    /// What the names of its views' tables in DynamoDB begin with, behind what all of a store's do.
    pub fn tables(&self) -> String {
        format!("sandglass.{}.", self.0)
    }
}

impl FromStr for Workspace {
    type Err = NameError;

    fn from_str(text: &str) -> Result<Self, NameError> {
        check_identifier(text).map(|()| Self(text.to_owned()))
    }
}

impl TryFrom<String> for Workspace {
    type Error = NameError;

    fn try_from(text: String) -> Result<Self, NameError> {
        text.parse()
    }
}

impl From<Workspace> for String {
    fn from(workspace: Workspace) -> Self {
        workspace.0
    }
}

impl fmt::Display for Workspace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// One version of a view in its workspace.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Name {
    workspace: Workspace,
    view: String,
    version: u32,
}

impl Name {
    /// The name of a view's version; the view's name is valid, as definitions only hold such.
    pub fn new(workspace: &Workspace, view: &str, version: u32) -> Self {
        Self {
            workspace: workspace.clone(),
            view: view.to_owned(),
            version,
        }
    }

    /// Its workspace.
    pub fn workspace(&self) -> &Workspace {
        &self.workspace
    }

    /// The view, without its version.
    pub fn view(&self) -> &str {
        &self.view
    }

    /// The version, from 1.
    pub fn version(&self) -> u32 {
        self.version
    }

    /// Where its transformed rows lie, below the offline store.
    pub fn rows_path(&self) -> String {
        format!("{}/rows", self.path())
    }

    /// Where the rows lie that its transformation could not use, below the offline store.
    pub fn dead_path(&self) -> String {
        format!("{}/dead", self.path())
    }

    /// Where the tiles lie that were made of its rows, below the offline store; `kind` is a digest of what decides them.
    pub fn tiles_path(&self, kind: &str) -> String {
        format!("{}/tiles/{kind}", self.path())
    }

    /// Its folder, below a store.
    pub fn path(&self) -> String {
        format!("{}/{}/v{}", self.workspace, self.view, self.version)
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}.v{}", self.workspace, self.view, self.version)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_safe_in_paths() {
        for text in ["", "A", "a/b", "..", "a b", "1a", "_a", "ä", &"a".repeat(64)] {
            assert!(text.parse::<Workspace>().is_err(), "{text}");
        }
        let name = Name::new(&"shop".parse().expect("a name"), "clicks", 3);
        assert_eq!(name.rows_path(), "shop/clicks/v3/rows");
        assert_eq!(name.to_string(), "shop.clicks.v3");
    }
}
