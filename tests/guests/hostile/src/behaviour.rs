//! What a behaviour is made of: a name, a scope, the columns of its output, and what its run does.

pub use crate::bindings::exports::sandglass::transform::transformation::{Batch, Context, Failure, Output};
pub use crate::bindings::sandglass::transform::types::{FailureKind, Field, Kind, Node, Rejection, Scope};
use crate::honest;

pub struct Behaviour {
    pub name: &'static str,
    pub scope: Scope,
    pub output: Vec<Field>,
    pub open: Box<dyn Fn(&Context) -> Result<Box<dyn Steps>, Failure>>,
}

/// The calls of a run. What a behaviour leaves out does nothing.
pub trait Steps {
    fn push(&mut self, _batch: Batch) -> Result<(), Failure> {
        Ok(())
    }

    fn end_keys(&mut self) -> Result<(), Failure> {
        Ok(())
    }

    fn finish(&mut self) -> Result<(), Failure> {
        Ok(())
    }

    fn next(&mut self) -> Result<Option<Output>, Failure> {
        Ok(None)
    }
}

impl Behaviour {
    /// A run that is made anew for each `open`; its output is `id`.
    pub fn new<S: Steps + 'static>(name: &'static str, scope: Scope, steps: fn() -> S) -> Self {
        Self {
            name,
            scope,
            output: ids(),
            open: Box::new(move |_| Ok(Box::new(steps()))),
        }
    }

    /// A run in the row scope that does this in each `next`.
    pub fn next(name: &'static str, next: fn() -> Option<Output>) -> Self {
        Self {
            name,
            scope: Scope::Row,
            output: ids(),
            open: Box::new(move |_| Ok(Box::new(Next(next)))),
        }
    }

    /// For each batch an output with as many rows, honest but for what `tell` changes.
    pub fn lie(name: &'static str, output: Vec<Field>, tell: fn(&mut Output)) -> Self {
        let columns = output.clone();
        Self {
            name,
            scope: Scope::Row,
            output,
            open: Box::new(move |context| {
                Ok(Box::new(Liar {
                    columns: columns.clone(),
                    lineage: context.lineage,
                    waiting: None,
                    tell,
                }))
            }),
        }
    }

    pub fn scope(mut self, scope: Scope) -> Self {
        self.scope = scope;
        self
    }
}

struct Next(fn() -> Option<Output>);

impl Steps for Next {
    fn next(&mut self) -> Result<Option<Output>, Failure> {
        Ok(self.0())
    }
}

struct Liar {
    columns: Vec<Field>,
    lineage: bool,
    waiting: Option<u32>,
    tell: fn(&mut Output),
}

impl Steps for Liar {
    fn push(&mut self, batch: Batch) -> Result<(), Failure> {
        self.waiting = Some(batch.rows);
        Ok(())
    }

    fn next(&mut self) -> Result<Option<Output>, Failure> {
        Ok(self.waiting.take().map(|rows| {
            let mut output = honest::output(&self.columns, rows, self.lineage);
            (self.tell)(&mut output);
            output
        }))
    }
}

/// The column that most behaviours have.
pub fn ids() -> Vec<Field> {
    vec![column("id", Kind::Int64)]
}

/// One text column, whose rows are `aé`: three bytes each.
pub fn notes() -> Vec<Field> {
    vec![column("note", Kind::Utf8)]
}

pub fn column(name: &str, kind: Kind) -> Field {
    let children = match kind {
        Kind::ListOf | Kind::FixedSizeListOf(_) => 1,
        Kind::MapOf | Kind::StructOf => 2,
        _ => 0,
    };
    Field {
        name: name.to_owned(),
        kind,
        nullable: false,
        children,
    }
}

pub fn nullable(mut field: Field) -> Field {
    field.nullable = true;
    field
}

/// Offsets as they cross the boundary.
pub fn offsets(offsets: impl IntoIterator<Item = i32>) -> Vec<u8> {
    offsets.into_iter().flat_map(i32::to_le_bytes).collect()
}

/// An output of these columns that nobody asked for.
pub fn rows(rows: u32) -> Output {
    honest::output(&ids(), rows, false)
}
