//! What an honest guest does: the rows that it was given, or rows of any columns.

use crate::behaviour::{Batch, Behaviour, Failure, Field, Kind, Node, Output, Scope, Steps, ids, offsets};

/// Returns its rows as they are.
pub fn passthrough() -> Behaviour {
    Behaviour {
        name: "honest",
        scope: Scope::Row,
        output: ids(),
        open: Box::new(|context| {
            Ok(Box::new(Passthrough {
                lineage: context.lineage,
                waiting: None,
            }))
        }),
    }
}

struct Passthrough {
    lineage: bool,
    waiting: Option<Batch>,
}

impl Steps for Passthrough {
    fn push(&mut self, batch: Batch) -> Result<(), Failure> {
        self.waiting = Some(batch);
        Ok(())
    }

    fn next(&mut self) -> Result<Option<Output>, Failure> {
        Ok(self.waiting.take().map(|batch| Output {
            source_rows: self.lineage.then(|| (0..batch.rows).collect()),
            batch,
            rejected: vec![],
        }))
    }
}

/// Rows of these columns, without nulls: numbers are zero, texts `aé`, lists have two elements.
pub fn output(columns: &[Field], rows: u32, lineage: bool) -> Output {
    let mut batch = Batch {
        rows,
        nodes: vec![],
        buffers: vec![],
    };
    let mut rest = columns.iter();
    while !rest.as_slice().is_empty() {
        fill(&mut rest, rows, &mut batch);
    }
    Output {
        batch,
        source_rows: lineage.then(|| (0..rows).collect()),
        rejected: vec![],
    }
}

fn fill(rest: &mut std::slice::Iter<'_, Field>, rows: u32, out: &mut Batch) {
    let Some(field) = rest.next() else { return };
    out.nodes.push(Node {
        length: rows,
        null_count: 0,
    });
    out.buffers.push(vec![]);
    let count = rows as usize;
    let ends = |each: i32| offsets((0..=rows as i32).map(|row| row * each));
    let (own, length_of_children) = match field.kind {
        Kind::Boolean => (vec![vec![0; count.div_ceil(8)]], 0),
        Kind::Utf8 | Kind::Binary => (vec![ends(3), "aé".repeat(count).into_bytes()], 0),
        Kind::ListOf | Kind::MapOf => (vec![ends(2)], 2 * rows),
        Kind::FixedSizeListOf(size) => (vec![], size * rows),
        Kind::StructOf => (vec![], rows),
        Kind::FixedSizeBinary(width) => (vec![vec![0; width as usize * count]], 0),
        Kind::Int8 | Kind::Uint8 => (vec![vec![0; count]], 0),
        Kind::Int16 | Kind::Uint16 => (vec![vec![0; 2 * count]], 0),
        Kind::Int32 | Kind::Uint32 | Kind::Float32 | Kind::Date32 => (vec![vec![0; 4 * count]], 0),
        Kind::Decimal128(_) => (vec![vec![0; 16 * count]], 0),
        _ => (vec![vec![0; 8 * count]], 0),
    };
    out.buffers.extend(own);
    for _ in 0..field.children {
        fill(rest, length_of_children, out);
    }
}
