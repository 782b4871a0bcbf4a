use std::process::ExitCode;

use serde_json::json;

use crate::definition::Problems;
use crate::error::{Classified, Kind};
use crate::storage::StorageError;

/// What a command ends with when it does not end well.
pub(crate) struct CliError {
    pub(crate) kind: Kind,
    pub(crate) message: String,
    pub(crate) hint: Option<String>,
    pub(crate) problems: Option<Problems>,
}

impl CliError {
    pub(crate) fn invalid(message: impl Into<String>, hint: Option<String>) -> Self {
        Self {
            kind: Kind::Invalid,
            message: message.into(),
            hint,
            problems: None,
        }
    }

    pub(crate) fn internal(message: impl Into<String>) -> Self {
        Self {
            kind: Kind::Internal,
            message: message.into(),
            hint: None,
            problems: None,
        }
    }

    /// It may do so later.
    pub(crate) fn unavailable(message: impl Into<String>, hint: &str) -> Self {
        Self {
            kind: Kind::Unavailable,
            message: message.into(),
            hint: Some(hint.to_owned()),
            problems: None,
        }
    }

    /// Something that was to be removed is still there.
    pub(crate) fn unremovable(error: &StorageError) -> Self {
        Self::unavailable(format!("cannot remove {error}"), "run the same command again")
    }

    /// 1 is for whoever called to fix, 2 for us.
    pub(crate) fn exit_code(&self) -> ExitCode {
        match self.kind {
            Kind::Invalid | Kind::Guest | Kind::Conflict => ExitCode::from(1),
            Kind::Unavailable | Kind::Corrupt | Kind::Internal => ExitCode::from(2),
        }
    }

    pub(crate) fn text(&self, plain: bool) -> String {
        if let Some(problems) = &self.problems {
            return problems.render(plain);
        }
        let mut text = format!("error: {}\n", self.message);
        if let Some(hint) = &self.hint {
            text.push_str(&format!("hint: {hint}\n"));
        }
        text
    }

    pub(crate) fn json(&self) -> serde_json::Value {
        let mut error =
            json!({ "kind": self.kind.name(), "message": self.message, "hint": self.hint, "file": null, "line": null });
        if let Some(problems) = &self.problems {
            let lines = problems.problems().iter().map(|problem| problems.line(problem));
            error["file"] = json!(problems.file());
            error["line"] = json!(lines.clone().next());
            let each = problems.problems().iter().zip(lines);
            error["problems"] = each
                .map(|(problem, line)| json!({ "message": problem.message, "hint": problem.hint, "line": line }))
                .collect();
        }
        json!({ "error": error })
    }
}

impl From<Problems> for CliError {
    fn from(problems: Problems) -> Self {
        Self {
            kind: problems.kind(),
            message: problems.to_string(),
            hint: problems.hint(),
            problems: Some(problems),
        }
    }
}

macro_rules! from_classified {
    ($($error:ty),+ $(,)?) => {
        $(impl From<$error> for CliError {
            fn from(error: $error) -> Self {
                let (kind, hint) = (error.kind(), error.hint());
                // What lies below is part of the message, unless the message shows it already.
                let mut message = error.to_string();
                let mut cause = std::error::Error::source(&error);
                while let Some(below) = cause {
                    let below_message = below.to_string();
                    if !message.contains(&below_message) {
                        message.push_str(": ");
                        message.push_str(&below_message);
                    }
                    cause = below.source();
                }
                Self { kind, message, hint, problems: None }
            }
        })+
    };
}

from_classified!(
    crate::training::ExplainError,
    crate::training::TrainingError,
    crate::project::BuildError,
    crate::source::SourceError,
    crate::ingest::IngestError,
    crate::materialize::MaterializeError,
    crate::compaction::CompactionError,
    crate::offline::OfflineError,
    crate::online::OnlineError,
    crate::online::OpenError,
    crate::price::PriceError,
    crate::registry::RegistryError,
    crate::storage::StorageError,
    sandglass_runtime::LoadError,
);
