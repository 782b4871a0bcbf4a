//! A case: what the host does in a run, and what should come of it.

use arrow::array::RecordBatch;
use sandglass_runtime::{FailureKind, Mode, ParameterValue};

/// One run of a transformation.
#[derive(Debug, Clone)]
pub(super) struct Case {
    pub(super) transformation: &'static str,
    pub(super) name: String,
    pub(super) mode: Mode,
    /// For each input, the range that its rows were filtered to.
    pub(super) ranges: Vec<Option<(i64, i64)>>,
    /// Those that are given; the others have their defaults.
    pub(super) parameters: Vec<(&'static str, ParameterValue)>,
    pub(super) lineage: bool,
    pub(super) steps: Vec<Step>,
    pub(super) end: End,
    /// Messages with their levels; none if it does not matter what is logged.
    pub(super) logs: Option<Vec<(&'static str, String)>>,
    pub(super) equality: Equality,
    /// Runs in one instance, one after another.
    pub(super) runs: usize,
}

/// A call of the host, and what is returned after it.
#[derive(Debug, Clone)]
pub(super) enum Step {
    Push(u32, RecordBatch, Given),
    EndKeys(Given),
    Finish(Given),
}

/// What the outputs after one call hold, together.
#[derive(Debug, Clone)]
pub(super) struct Given {
    pub(super) rows: RecordBatch,
    /// Looked at in the row scope, where source rows are asked for.
    pub(super) source_rows: Option<Vec<u32>>,
    pub(super) rejected: Vec<(u32, String)>,
}

/// How the last call ends.
#[derive(Debug, Clone)]
pub(super) enum End {
    Well,
    /// With a failure of this kind, message and row.
    Failure(FailureKind, String, Option<u32>),
    /// With a trap, or with a failure `internal`, of whatever message.
    Crash,
}

/// When rows are the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Equality {
    /// Each buffer is the same, byte for byte.
    Bytes,
    /// Each value is the same, bit for bit; what lies under nulls does not matter.
    Values,
}

/// A day in 2024.
pub(super) const DAY: Mode = Mode::Materialize {
    start: 1_709_164_800_000_000,
    end: 1_709_251_200_000_000,
};

impl Case {
    /// A run over one day, without ranges, that ends well.
    pub(super) fn new(transformation: &'static str, name: impl Into<String>) -> Self {
        Self {
            transformation,
            name: name.into(),
            mode: DAY,
            ranges: vec![None; super::contracts::named(transformation).inputs.len()],
            parameters: Vec::new(),
            lineage: false,
            steps: Vec::new(),
            end: End::Well,
            logs: None,
            equality: Equality::Bytes,
            runs: 1,
        }
    }

    /// Rows of the only input, and what comes of them.
    pub(super) fn push(mut self, rows: RecordBatch, given: Given) -> Self {
        self.steps.push(Step::Push(0, rows, given));
        self
    }

    pub(super) fn with(mut self, change: impl FnOnce(&mut Self)) -> Self {
        change(&mut self);
        self
    }
}

impl Given {
    /// These rows.
    pub(super) fn rows(rows: RecordBatch) -> Self {
        Self {
            rows,
            source_rows: None,
            rejected: Vec::new(),
        }
    }

    /// These rows, which came from those.
    pub(super) fn from(rows: RecordBatch, source_rows: Vec<u32>) -> Self {
        Self {
            source_rows: Some(source_rows),
            ..Self::rows(rows)
        }
    }

    /// No rows of a transformation.
    pub(super) fn nothing(transformation: &str) -> Self {
        Self::rows(RecordBatch::new_empty(super::contracts::named(transformation).output))
    }
}
