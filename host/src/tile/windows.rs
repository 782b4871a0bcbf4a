use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, BinaryArray, ListArray, RecordBatch, UInt64Array, new_empty_array};
use arrow::buffer::{BooleanBuffer, OffsetBuffer, ScalarBuffer};
use arrow::compute::kernels::cmp::distinct;
use arrow::compute::{concat, interleave, take};
use arrow::datatypes::{DataType, Field, TimestampMicrosecondType};
use arrow::error::ArrowError;

use super::spec::{Output, START, TileSpec};
use super::window::TimeWindow;
use crate::aggregate::{Finalized, StateError, States};
use crate::error::{Classified, Kind};
use crate::time::Timestamp;

/// Windows' values of one key after the other, made of its tiles.
///
/// For each key: [`Windows::push`] its tiles, sorted by secondary key and start, then [`Windows::answer`] its leading edges, which do
/// not go back; then [`Windows::next_key`]. [`Windows::flush`] gives the features of all that was answered since the last time, in
/// columns, and keeps what the current key still needs.
///
/// Tiles that no window at any leading edge can tell apart are merged when they are pushed, so that a key takes memory for the
/// schedule's intervals and not for its tiles.
pub struct Windows {
    spec: Arc<TileSpec>,
    /// Where windows may begin and end, from a boundary of the schedule on, in microseconds.
    cuts: Vec<i64>,
    /// States of the segments, one for each column.
    states: Vec<Box<dyn States>>,
    /// Where each segment begins.
    starts: Vec<i64>,
    /// The current key's.
    lines: Vec<Line>,
    windows: Vec<Answers>,
    answers: usize,
    /// Room for the groups of tiles that are pushed.
    groups: Vec<usize>,
    /// Of the lines that were answered: the batches that hold their secondary keys.
    secondary: Vec<ArrayRef>,
}

/// The segments of one key and secondary key.
struct Line {
    segments: Range<usize>,
    /// The array and row of the secondary key's value.
    value: (usize, usize),
}

/// The spans of one window.
#[derive(Default)]
struct Answers {
    /// For each of its parts (a series has several), the spans of segments.
    spans: Vec<Vec<Range<usize>>>,
    /// For each span, the answer that it belongs to and the secondary key.
    owners: Vec<(usize, (usize, usize))>,
}

/// Features in columns.
pub struct Flushed {
    /// As [`TileSpec::fields`] has them; a row for each leading edge, in the order of the answers.
    pub columns: Vec<ArrayRef>,
    /// Results that did not fit their type and are null.
    pub overflows: u64,
}

/// What goes wrong with tiles.
#[derive(Debug, thiserror::Error)]
pub enum TileError {
    /// With states.
    #[error(transparent)]
    State(#[from] StateError),
    /// With columns.
    #[error("{0}")]
    Arrow(#[from] ArrowError),
}

impl Classified for TileError {
    fn kind(&self) -> Kind {
        match self {
            Self::State(error) => error.kind(),
            Self::Arrow(_) => Kind::Internal,
        }
    }

    fn hint(&self) -> Option<String> {
        match self {
            Self::State(error) => error.hint(),
            Self::Arrow(_) => None,
        }
    }
}

/// Tiles as they come out of the table.
pub struct Tiles {
    starts: ScalarBuffer<i64>,
    secondary: Option<ArrayRef>,
    /// Rows whose secondary key is another than that of the row before.
    changes: Option<BooleanBuffer>,
    states: Vec<BinaryArray>,
}

impl Tiles {
    /// Finds the columns of a batch.
    pub fn new(spec: &TileSpec, batch: &RecordBatch) -> Result<Self, TileError> {
        let missing = |name: &str| ArrowError::SchemaError(format!("tiles without a column `{name}`"));
        let column = |name: &str| batch.column_by_name(name).ok_or_else(|| missing(name));
        let starts = column(START)?
            .as_primitive_opt::<TimestampMicrosecondType>()
            .ok_or_else(|| missing(START))?;
        let states = spec.columns.iter().map(|state| {
            column(&state.name)?
                .as_binary_opt::<i32>()
                .cloned()
                .ok_or_else(|| missing(&state.name))
        });
        let secondary = match &spec.secondary {
            Some((name, _)) => Some(Arc::clone(column(name)?)),
            None => None,
        };
        let changes = match &secondary {
            Some(values) if values.len() > 1 => {
                let (before, after) = (values.slice(0, values.len() - 1), values.slice(1, values.len() - 1));
                Some(distinct(&before, &after)?.values().clone())
            }
            _ => None,
        };
        Ok(Self {
            starts: starts.values().clone(),
            secondary,
            changes,
            states: states.collect::<Result<_, _>>()?,
        })
    }

    /// Where a tile begins, in microseconds.
    pub fn start(&self, row: usize) -> i64 {
        self.starts[row]
    }
}

impl Windows {
    /// Of no key.
    pub fn new(spec: Arc<TileSpec>) -> Self {
        let windows = spec.windows.iter().map(|window| Answers {
            spans: vec![Vec::new(); usize::try_from(window.windows()).unwrap_or(0)],
            owners: Vec::new(),
        });
        Self {
            cuts: cuts(&spec),
            states: spec.columns.iter().map(|column| column.aggregation.states()).collect(),
            starts: Vec::new(),
            lines: Vec::new(),
            windows: windows.collect(),
            answers: 0,
            groups: Vec::new(),
            secondary: Vec::new(),
            spec,
        }
    }

    /// Adds tiles of the current key.
    pub fn push(&mut self, tiles: &Tiles, rows: Range<usize>) -> Result<(), TileError> {
        let mut groups = std::mem::take(&mut self.groups);
        groups.clear();
        for row in rows.clone() {
            let is_new = match (&tiles.secondary, self.lines.last()) {
                (_, None) => true,
                (None, Some(_)) => false,
                // The line may have begun in an earlier batch.
                (Some(values), Some(line)) if row == rows.start => !self.is_same(line, values, row)?,
                (Some(_), Some(_)) => tiles.changes.as_ref().is_some_and(|changes| changes.value(row - 1)),
            };
            if is_new {
                let value = match &tiles.secondary {
                    None => (0, 0),
                    Some(values) => {
                        if !self.secondary.last().is_some_and(|last| Arc::ptr_eq(last, values)) {
                            self.secondary.push(Arc::clone(values));
                        }
                        (self.secondary.len() - 1, row)
                    }
                };
                let segments = self.starts.len()..self.starts.len();
                self.lines.push(Line { segments, value });
            }
            let start = self.segment(tiles.starts[row]);
            if let Some(line) = self.lines.last_mut() {
                if line.segments.is_empty() || self.starts.last() != Some(&start) {
                    self.starts.push(start);
                    line.segments.end = self.starts.len();
                }
                groups.push(self.starts.len() - 1);
            }
        }
        for (states, column) in self.states.iter_mut().zip(&tiles.states) {
            states.grow(self.starts.len());
            states.merge_encoded(&groups, column, rows.start)?;
        }
        self.groups = groups;
        Ok(())
    }

    fn is_same(&self, line: &Line, values: &ArrayRef, row: usize) -> Result<bool, ArrowError> {
        let (array, at) = line.value;
        match self.secondary.get(array) {
            Some(array) => Ok(!distinct(&array.slice(at, 1), &values.slice(row, 1))?.value(0)),
            None => Ok(false),
        }
    }

    /// Where the segment with a tile begins: at the last cut at or before it.
    fn segment(&self, tile: i64) -> i64 {
        let step = self.spec.schedule.step().micros();
        let back = self
            .cuts
            .iter()
            .map(|cut| tile.wrapping_sub(*cut).rem_euclid(step))
            .min();
        tile.saturating_sub(back.unwrap_or(0))
    }

    /// Answers for the current key at leading edges that do not go back.
    pub fn answer(&mut self, edges: &[Timestamp]) {
        let first = self.answers;
        for (window, answers) in self.spec.windows.iter().zip(&mut self.windows) {
            for line in &self.lines {
                let starts = &self.starts[line.segments.clone()];
                let find = |at: Timestamp| line.segments.start + starts.partition_point(|start| *start < at.micros());
                for (answer, edge) in edges.iter().enumerate() {
                    for (part, interval) in window.at(*edge, self.spec.lifetime_start).enumerate() {
                        answers.spans[part].push(find(interval.start)..find(interval.end));
                    }
                    answers.owners.push((first + answer, line.value));
                }
            }
            if self.lines.is_empty() && self.spec.secondary.is_none() {
                for answer in 0..edges.len() {
                    answers.spans.iter_mut().for_each(|spans| spans.push(0..0));
                    answers.owners.push((first + answer, (0, 0)));
                }
            }
        }
        self.answers += edges.len();
    }

    /// Goes on to a key without tiles.
    pub fn next_key(&mut self) {
        self.lines.clear();
    }

    /// How many leading edges have been answered since the last flush.
    pub fn answers(&self) -> usize {
        self.answers
    }

    /// Bytes in memory.
    pub fn bytes(&self) -> usize {
        let spans: usize = self
            .windows
            .iter()
            .map(|answers| answers.spans.iter().map(Vec::capacity).sum::<usize>() * size_of::<Range<usize>>())
            .sum();
        self.states.iter().map(|states| states.bytes()).sum::<usize>() + self.starts.capacity() * 8 + spans
    }

    /// About how many bytes of answers there are, with what a flush takes for them: merged states are there for one column and window
    /// at a time. Room that was used before does not count.
    pub fn answered_bytes(&self) -> usize {
        let spans = |answers: &Answers| answers.spans.iter().map(Vec::len).sum::<usize>();
        let all: usize = self.windows.iter().map(spans).sum();
        let most = self.windows.iter().map(spans).max().unwrap_or(0);
        let held: usize = self.states.iter().map(|states| states.held_bytes()).sum();
        let states = self
            .states
            .iter()
            .map(|states| states.held_bytes() / states.groups().max(1));
        let merged = most.saturating_mul(states.max().unwrap_or(0));
        held.saturating_add(all * size_of::<Range<usize>>())
            .saturating_add(merged)
    }

    /// The features of all answers since the last time.
    pub fn flush(&mut self) -> Result<Flushed, TileError> {
        let mut overflows = 0;
        let spec = Arc::clone(&self.spec);
        let orders: Vec<Option<Parallel>> = match &spec.secondary {
            None => vec![],
            Some((_, data_type)) => (self.windows.iter())
                .map(|answers| Parallel::new(answers, self.answers, &self.secondary, data_type).map(Some))
                .collect::<Result<_, _>>()?,
        };
        // Features of one state and window share what is merged.
        let mut sharing: BTreeMap<(usize, usize), Vec<usize>> = BTreeMap::new();
        for (at, feature) in spec.features.iter().enumerate() {
            sharing.entry((feature.column, feature.window)).or_default().push(at);
        }
        let mut columns: Vec<Option<ArrayRef>> = vec![None; spec.features.len()];
        for ((column, window), features) in sharing {
            let merged = self.merged(column, window)?;
            for at in features {
                let mut parts = Vec::with_capacity(merged.len());
                for states in &merged {
                    let finalized: Finalized = spec.features[at].aggregation.finalize(states.as_ref())?;
                    overflows += finalized.overflows;
                    parts.push(finalized.values);
                }
                let order = orders.get(window).and_then(Option::as_ref);
                columns[at] = Some(match (order, spec.windows[window]) {
                    (Some(order), _) => order.lists(&parts[0])?,
                    (None, TimeWindow::Series { .. }) => series(&parts, self.answers)?,
                    (None, _) => parts.swap_remove(0),
                });
            }
        }
        let columns = spec.outputs().into_iter().filter_map(|(_, output)| match output {
            Output::Keys(window) => Some(Arc::clone(&orders.get(window)?.as_ref()?.keys)),
            Output::Aggregate(feature) => columns[feature].take(),
        });
        let columns = columns.collect();
        self.keep_current();
        for answers in &mut self.windows {
            answers.spans.iter_mut().for_each(Vec::clear);
            answers.owners.clear();
        }
        self.answers = 0;
        Ok(Flushed { columns, overflows })
    }
}

impl Windows {
    /// The merged states of a window's spans, for each of its parts.
    fn merged(&self, column: usize, window: usize) -> Result<Vec<Box<dyn States>>, StateError> {
        let states = &self.states[column];
        let parts = self.windows[window].spans.iter().map(|spans| {
            let mut out = states.fresh();
            states.slide(spans, out.as_mut())?;
            Ok(out)
        });
        parts.collect()
    }

    /// Forgets the segments of all keys but the current one.
    fn keep_current(&mut self) {
        let Some(first) = self.lines.first() else {
            self.states.iter_mut().for_each(|states| states.clear());
            self.starts.clear();
            self.secondary.clear();
            return;
        };
        let (done, arrays) = (first.segments.start, first.value.0);
        for states in &mut self.states {
            states.forget_first(done);
        }
        self.starts.drain(..done);
        // Keys come in order, so the arrays that the current one does not need are the first ones.
        self.secondary.drain(..arrays.min(self.secondary.len()));
        for line in &mut self.lines {
            line.segments = line.segments.start - done..line.segments.end - done;
            line.value.0 -= arrays;
        }
    }
}

/// One window's secondary keys in each answer, and where their values are.
struct Parallel {
    offsets: OffsetBuffer<i32>,
    /// For each element of the lists, its span.
    spans: UInt64Array,
    keys: ArrayRef,
}

impl Parallel {
    /// Spans without a tile are left out; a key's lines come in the order of their secondary keys.
    fn new(answers: &Answers, count: usize, secondary: &[ArrayRef], data_type: &DataType) -> Result<Self, ArrowError> {
        let spans = &answers.spans[0];
        let mut of: Vec<Vec<usize>> = vec![Vec::new(); count];
        for (at, ((answer, _), span)) in answers.owners.iter().zip(spans).enumerate() {
            if !span.is_empty() {
                of[*answer].push(at);
            }
        }
        let offsets = OffsetBuffer::from_lengths(of.iter().map(Vec::len));
        let order: Vec<usize> = of.into_iter().flatten().collect();
        let places: Vec<(usize, usize)> = order.iter().map(|at| answers.owners[*at].1).collect();
        let arrays: Vec<&dyn Array> = secondary.iter().map(AsRef::as_ref).collect();
        let values = match arrays.is_empty() {
            true => new_empty_array(data_type),
            false => interleave(&arrays, &places)?,
        };
        let spans = order.into_iter().map(|at| at as u64).collect();
        let keys = list(values, offsets.clone())?;
        Ok(Self { offsets, spans, keys })
    }

    fn lists(&self, values: &ArrayRef) -> Result<ArrayRef, ArrowError> {
        list(take(values, &self.spans, None)?, self.offsets.clone())
    }
}

/// The parts of a series side by side, oldest first.
fn series(parts: &[ArrayRef], answers: usize) -> Result<ArrayRef, ArrowError> {
    let arrays: Vec<&dyn Array> = parts.iter().map(AsRef::as_ref).collect();
    let places: Vec<(usize, usize)> = (0..answers)
        .flat_map(|answer| (0..parts.len()).map(move |part| (part, answer)))
        .collect();
    let values = match places.is_empty() {
        true => concat(&arrays)?,
        false => interleave(&arrays, &places)?,
    };
    list(
        values,
        OffsetBuffer::from_lengths(std::iter::repeat_n(parts.len(), answers)),
    )
}

fn list(values: ArrayRef, offsets: OffsetBuffer<i32>) -> Result<ArrayRef, ArrowError> {
    let field = Arc::new(Field::new("element", values.data_type().clone(), true));
    Ok(Arc::new(ListArray::try_new(field, offsets, values, None)?))
}

/// Where windows begin and end in each step of the schedule: an end of a window is as far from the leading edge as any other time.
fn cuts(spec: &TileSpec) -> Vec<i64> {
    let edge = spec.schedule.floor(Timestamp::from_micros(0));
    let windows = spec.windows.iter().flat_map(|window| window.at(edge, edge));
    let ends = windows.flat_map(|window| [window.start, window.end]);
    let step = spec.schedule.step().micros();
    let cuts = ends
        .chain([spec.lifetime_start])
        .map(|at| at.micros().rem_euclid(step))
        .collect::<BTreeSet<_>>();
    cuts.into_iter().collect()
}
