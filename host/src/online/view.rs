use super::item::ItemError;
use super::store::{GenerationState, LiveRecord, OnlineError};
use crate::workspace::Name;

/// A view, for its keys and its errors.
pub(super) struct View<'a>(pub(super) &'a Name);

impl View<'_> {
    /// What it is called in messages.
    pub(super) fn label(&self) -> String {
        format!("{}.{}", self.0.workspace(), self.0.view())
    }

    /// Its key in what says what is live.
    pub(super) fn key(&self) -> String {
        format!("{}/{}", self.0.workspace(), self.0.view())
    }

    pub(super) fn version(&self, version: u32) -> Name {
        Name::new(self.0.workspace(), self.0.view(), version)
    }

    pub(super) fn unavailable(&self, message: String) -> OnlineError {
        OnlineError::Unavailable {
            view: self.label(),
            message,
        }
    }

    pub(super) fn invalid(&self, message: String) -> OnlineError {
        OnlineError::Invalid {
            view: self.label(),
            message,
        }
    }

    pub(super) fn corrupt(&self, message: String) -> OnlineError {
        OnlineError::Corrupt {
            view: self.label(),
            message,
        }
    }

    pub(super) fn conflict(&self, found: Option<&LiveRecord>) -> OnlineError {
        let message = match found {
            Some(found) => format!(
                "somebody else wrote meanwhile; live is version {}, generation {} of {}, changed {} times",
                found.version, found.generation, found.switched_at, found.changes
            ),
            None => "somebody else has removed what was live".to_owned(),
        };
        self.older(message)
    }

    pub(super) fn older(&self, message: String) -> OnlineError {
        OnlineError::Conflict {
            view: self.label(),
            message,
        }
    }

    pub(super) fn item(&self, key: &[u8], error: ItemError) -> OnlineError {
        OnlineError::Item {
            view: self.label(),
            key: sandglass_runtime::hex(key),
            error,
        }
    }

    pub(super) fn decode<T: serde::de::DeserializeOwned>(&self, bytes: &[u8]) -> Result<T, OnlineError> {
        serde_json::from_slice(bytes).map_err(|error| self.corrupt(error.to_string()))
    }

    pub(super) fn encode<T: serde::Serialize>(&self, value: &T) -> Result<Vec<u8>, OnlineError> {
        self.encode_text(value).map(String::into_bytes)
    }

    /// The same, as text.
    pub(super) fn encode_text<T: serde::Serialize>(&self, value: &T) -> Result<String, OnlineError> {
        serde_json::to_string(value).map_err(|error| self.corrupt(error.to_string()))
    }

    /// Refuses a state that could not be read again.
    pub(super) fn check_state(&self, state: &GenerationState) -> Result<(), OnlineError> {
        match state.through.is_representable() {
            true => Ok(()),
            false => Err(self.invalid(format!(
                "through {}, which is no time of the years 0001 to 9999",
                state.through
            ))),
        }
    }

    /// Refuses a change to what is older than what is there.
    pub(super) fn check_not_older(&self, found: &GenerationState, next: &GenerationState) -> Result<(), OnlineError> {
        match (found.offline_version, found.through) > (next.offline_version, next.through) {
            false => Ok(()),
            true => Err(self.older(format!(
                "it holds version {} of the offline table through {}, and this change is of version {} through {}",
                found.offline_version, found.through, next.offline_version, next.through
            ))),
        }
    }

    /// Refuses a change of what was changed since it was looked at.
    pub(super) fn check_unchanged(&self, changes: u64, expected: &LiveRecord) -> Result<(), OnlineError> {
        match changes == expected.changes {
            true => Ok(()),
            false => Err(self.older(format!(
                "it was changed {changes} times, and this change is the difference to what it was after {}",
                expected.changes
            ))),
        }
    }
}
