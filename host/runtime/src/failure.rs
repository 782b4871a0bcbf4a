use crate::error::{Classified, Kind};
use crate::limits::Limit;

/// Whose fault a guest says that its failure is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FailureKind {
    /// The rows'.
    Input,
    /// A parameter's.
    Parameter,
    /// Its own.
    Internal,
}

/// How a run ended that did not end well. The store is gone by then.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// A limit was hit.
    #[error("the guest hit its limit of {limit} in `{call}`: used {}, allowed {}{}", .limit.amount(*.used), .limit.amount(*.allowed), said(.log))]
    Limit {
        /// Which one.
        limit: Limit,
        /// What was used or asked for.
        used: u64,
        /// What is allowed.
        allowed: u64,
        /// The call that hit it.
        call: &'static str,
        /// The guest's last error message in the log.
        log: Option<String>,
    },
    /// The host has no memory left to give.
    #[error("the host has no memory for the guest in `{call}`: {reason}")]
    OutOfMemory {
        /// What the pool said.
        reason: String,
        /// The call that needed it.
        call: &'static str,
    },
    /// The guest returned a failure.
    #[error("the guest failed in `{call}`: {message}{}", place(.input, .row))]
    Failure {
        /// Whose fault it says it is.
        kind: FailureKind,
        /// Its own words.
        message: String,
        /// The input it names.
        input: Option<u32>,
        /// The row of the batch last pushed that it names.
        row: Option<u32>,
        /// The call that failed.
        call: &'static str,
    },
    /// The guest trapped.
    #[error("the guest trapped in `{call}`: {message}{}", said(.log))]
    Trap {
        /// What wasmtime says of the trap.
        message: String,
        /// The call that trapped.
        call: &'static str,
        /// The guest's last error message in the log.
        log: Option<String>,
    },
    /// What the guest returned is not what the contract says.
    #[error("the guest broke its contract in `{call}`: {message}")]
    Contract {
        /// What is wrong with it.
        message: String,
        /// The call that returned it.
        call: &'static str,
    },
    /// The host called a run in a way that it must not.
    #[error("{message}")]
    Internal {
        /// What was wrong.
        message: String,
    },
}

fn place(input: &Option<u32>, row: &Option<u32>) -> String {
    match (input, row) {
        (Some(input), Some(row)) => format!(" (input {input}, row {row})"),
        (Some(input), None) => format!(" (input {input})"),
        (None, Some(row)) => format!(" (row {row})"),
        (None, None) => String::new(),
    }
}

fn said(log: &Option<String>) -> String {
    log.as_ref()
        .map(|message| format!("; the guest said: {message}"))
        .unwrap_or_default()
}

impl Classified for RunError {
    fn kind(&self) -> Kind {
        match self {
            Self::Failure {
                kind: FailureKind::Input | FailureKind::Parameter,
                ..
            } => Kind::Invalid,
            Self::Limit { .. } | Self::Failure { .. } | Self::Trap { .. } | Self::Contract { .. } => Kind::Guest,
            Self::OutOfMemory { .. } => Kind::Unavailable,
            Self::Internal { .. } => Kind::Internal,
        }
    }

    fn hint(&self) -> Option<String> {
        match self {
            Self::Limit {
                limit: Limit::Memory, ..
            } => Some("hold less at once, or raise `limits.memory_bytes` of the view".to_owned()),
            Self::Limit {
                limit: Limit::GuestTime,
                ..
            } => Some("look for a loop that does not end, or raise `limits.guest_time` of the view".to_owned()),
            _ => None,
        }
    }
}
