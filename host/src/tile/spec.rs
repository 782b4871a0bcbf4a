use std::collections::BTreeSet;
use std::ops::Range;
use std::sync::Arc;

use arrow::datatypes::{DataType, Field, Schema, SchemaRef, TimeUnit};
use sandglass_runtime::kind_name;

use super::window::TimeWindow;
use crate::aggregate::{Aggregation, Refused};
use crate::definition::{Aggregations, FeatureView, JoinKey};
use crate::key::data_type;
use crate::time::{Grid, Interval, Span, Timestamp};

/// The column with the time at which a tile begins.
pub const START: &str = "__start";

/// What the tiles of a view hold, and what its features make of them.
#[derive(Debug, Clone)]
pub struct TileSpec {
    /// The keys that tiles are of.
    pub keys: Vec<JoinKey>,
    /// The column of the rows whose values each have tiles of their own, and its type.
    pub secondary: Option<(String, DataType)>,
    /// The rows' time.
    pub time_column: String,
    /// What orders rows of one key and time, the first column first.
    pub order: Vec<String>,
    /// The length of a tile; they begin at its multiples since 1970.
    pub interval: Span,
    /// Where leading edges lie.
    pub schedule: Grid,
    /// How long after its end a schedule interval is effective.
    pub data_delay: Span,
    /// Where lifetime windows begin.
    pub lifetime_start: Timestamp,
    /// The states of a tile.
    pub columns: Vec<TileColumn>,
    /// The windows that features look at, each once.
    pub windows: Vec<TimeWindow>,
    /// The aggregates, in the order of the definition.
    pub features: Vec<TileFeature>,
}

/// A column of states.
#[derive(Debug, Clone, PartialEq)]
pub struct TileColumn {
    /// Its name in the table of tiles: `__amount__sum`.
    pub name: String,
    /// The column of the rows.
    pub column: String,
    /// One of the aggregations that have this state.
    pub aggregation: Aggregation,
}

/// An aggregate over a window.
#[derive(Debug, Clone, PartialEq)]
pub struct TileFeature {
    /// Its name.
    pub name: String,
    /// Which of the columns of states.
    pub column: usize,
    /// Which of the windows.
    pub window: usize,
    /// What is made of the state.
    pub aggregation: Aggregation,
}

/// One of a view's features.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Output {
    /// The secondary keys in a window, by its place.
    Keys(usize),
    /// An aggregate, by its place.
    Aggregate(usize),
}

/// Why a view's rows cannot be aggregated as it says.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SpecError {
    /// A column is not there.
    #[error("there is no column `{0}`")]
    NoColumn(String),
    /// A function does not take it.
    #[error("column `{column}`: {refused}")]
    Refused {
        /// The column.
        column: String,
        /// Why not.
        refused: Refused,
    },
}

impl TileSpec {
    /// Binds a view's aggregations to the columns of its rows.
    pub fn new(
        view: &FeatureView,
        aggregations: &Aggregations,
        rows: &Schema,
        data_delay: Span,
    ) -> Result<Self, SpecError> {
        let type_of = |column: &str| {
            let field = rows.field_with_name(column).ok();
            field
                .map(|field| field.data_type().clone())
                .ok_or_else(|| SpecError::NoColumn(column.to_owned()))
        };
        let (mut columns, mut windows, mut features) = (Vec::<TileColumn>::new(), Vec::new(), Vec::new());
        for feature in &aggregations.features {
            let aggregation = Aggregation::new(feature.function, &type_of(&feature.column)?).map_err(|refused| {
                SpecError::Refused {
                    column: feature.column.clone(),
                    refused,
                }
            })?;
            let name = format!("__{}__{}", feature.column, feature.function.state());
            let column = place(&columns, |column| column.name == name).unwrap_or_else(|| {
                columns.push(TileColumn {
                    name,
                    column: feature.column.clone(),
                    aggregation: aggregation.clone(),
                });
                columns.len() - 1
            });
            let window = place(&windows, |window| *window == feature.window).unwrap_or_else(|| {
                windows.push(feature.window);
                windows.len() - 1
            });
            features.push(TileFeature {
                name: feature.name.clone(),
                column,
                window,
                aggregation,
            });
        }
        share_states(&mut columns, &mut features);
        // The time comes first, and is asked for by itself.
        let order = view.row_order(rows).into_iter().skip(1);
        let secondary = match &aggregations.secondary_key {
            Some(column) => Some((column.clone(), type_of(column)?)),
            None => None,
        };
        Ok(Self {
            keys: view.join_keys.clone(),
            secondary,
            time_column: view.timestamp_column.clone(),
            order: order.collect(),
            interval: aggregations.interval,
            schedule: view.grid(),
            data_delay,
            lifetime_start: aggregations.lifetime_start_time.unwrap_or(view.feature_start_time),
            columns,
            windows,
            features,
        })
    }

    /// The same with these features only, in the order of the definition; each is a name of [`TileSpec::fields`].
    pub fn only(&self, names: &[&str]) -> Self {
        let mut only = Self {
            columns: Vec::new(),
            windows: Vec::new(),
            features: Vec::new(),
            ..self.clone()
        };
        let window_of = |windows: &mut Vec<TimeWindow>, window: TimeWindow| {
            place(windows, |known| *known == window).unwrap_or_else(|| {
                windows.push(window);
                windows.len() - 1
            })
        };
        for window in &self.windows {
            if self
                .keys_field(window)
                .is_some_and(|name| names.contains(&name.as_str()))
            {
                window_of(&mut only.windows, *window);
            }
        }
        for feature in self
            .features
            .iter()
            .filter(|feature| names.contains(&feature.name.as_str()))
        {
            let column = &self.columns[feature.column];
            let column = place(&only.columns, |known| known.name == column.name).unwrap_or_else(|| {
                only.columns.push(column.clone());
                only.columns.len() - 1
            });
            let window = window_of(&mut only.windows, self.windows[feature.window]);
            only.features.push(TileFeature {
                column,
                window,
                ..feature.clone()
            });
        }
        only
    }

    /// The name of the list of secondary keys in a window.
    fn keys_field(&self, window: &TimeWindow) -> Option<String> {
        let (name, _) = self.secondary.as_ref()?;
        Some(format!("{name}_keys_{}", window.short_label()))
    }

    /// The columns of the table of tiles: the keys, the secondary key, where the tile begins, the states.
    pub fn schema(&self) -> SchemaRef {
        let keys = self
            .keys
            .iter()
            .map(|key| Field::new(&key.name, data_type(key.kind), true));
        let secondary = self
            .secondary
            .iter()
            .map(|(name, data_type)| Field::new(name, data_type.clone(), true));
        let start = Field::new(
            START,
            DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into())),
            true,
        );
        let states = self
            .columns
            .iter()
            .map(|column| Field::new(&column.name, DataType::Binary, true));
        Arc::new(Schema::new(
            keys.chain(secondary)
                .chain(std::iter::once(start))
                .chain(states)
                .collect::<Vec<_>>(),
        ))
    }

    /// What the features are, in the order of their names: the aggregates, and for secondary keys the list of keys of each window.
    pub fn outputs(&self) -> Vec<(String, Output)> {
        let features = self.features.iter().enumerate();
        let mut outputs: Vec<_> = features
            .map(|(at, feature)| (feature.name.clone(), Output::Aggregate(at)))
            .collect();
        for (at, window) in self.windows.iter().enumerate() {
            outputs.extend(self.keys_field(window).map(|name| (name, Output::Keys(at))));
        }
        outputs.sort_by(|(left, _), (right, _)| left.cmp(right));
        outputs
    }

    /// The features' columns, in the order of their names.
    pub fn fields(&self) -> Vec<Field> {
        let list = |of: &DataType| DataType::List(Arc::new(Field::new("element", of.clone(), true)));
        let fields = self.outputs().into_iter().map(|(name, output)| {
            let data_type = match output {
                Output::Keys(_) => list(
                    self.secondary
                        .as_ref()
                        .map_or(&DataType::Null, |(_, data_type)| data_type),
                ),
                Output::Aggregate(at) => {
                    let feature = &self.features[at];
                    let is_list =
                        self.secondary.is_some() || matches!(self.windows[feature.window], TimeWindow::Series { .. });
                    match feature.aggregation.result() {
                        result if is_list => list(result),
                        result => result.clone(),
                    }
                }
            };
            Field::new(name, data_type, true)
        });
        fields.collect()
    }

    /// For each feature, the length of the list of nulls that it is for a key without tiles; none if it is null.
    pub fn empty(&self) -> Vec<Option<u32>> {
        let outputs = self.outputs().into_iter();
        outputs
            .map(|(_, output)| match output {
                _ if self.secondary.is_some() => Some(0),
                Output::Keys(_) => Some(0),
                Output::Aggregate(at) => match &self.windows[self.features[at].window] {
                    window @ TimeWindow::Series { .. } => u32::try_from(window.windows()).ok(),
                    _ => None,
                },
            })
            .collect()
    }

    /// The names of the columns of its tables.
    pub fn columns(&self) -> Vec<String> {
        self.schema()
            .fields()
            .iter()
            .map(|field| field.name().clone())
            .collect()
    }

    /// What tiles are sorted by for [`super::Windows`]: the keys, the secondary key, where the tile begins.
    pub fn sort_columns(&self) -> Vec<String> {
        let keys = self.keys.iter().map(|key| key.name.clone());
        let secondary = self.secondary.iter().map(|(name, _)| name.clone());
        keys.chain(secondary).chain([START.to_owned()]).collect()
    }

    /// What decides the tiles of given rows, as text: where it differs, they are other tiles.
    pub fn identity(&self) -> String {
        let columns: BTreeSet<String> = self
            .columns
            .iter()
            .map(|column| format!("{} of {}", column.name, kind_name(column.aggregation.input())))
            .collect();
        let order = if self.columns.iter().any(TileColumn::is_ordered) {
            self.order.join(",")
        } else {
            String::new()
        };
        let secondary = self.secondary.as_ref().map(|(name, _)| name.as_str());
        let columns = columns.into_iter().collect::<Vec<_>>().join(";");
        format!("{}|{}|{order}|{columns}", self.interval, secondary.unwrap_or_default())
    }

    /// Where the tile with a row of this time begins.
    pub fn tile_start(&self, at: Timestamp) -> Timestamp {
        Timestamp::from_micros(tile_around(at.micros(), self.interval).start)
    }

    /// The leading edge of a read at `at`: the last end of a schedule interval that is effective then.
    pub fn leading_edge(&self, at: Timestamp) -> Timestamp {
        self.schedule.floor(at.saturating_sub(self.data_delay))
    }

    /// The time in which the tiles lie that values at these leading edges are made of.
    pub fn reach(&self, first: Timestamp, last: Timestamp) -> Interval {
        let starts = self.windows.iter().map(|window| match window.reach() {
            Some(reach) => first.saturating_sub(reach),
            None => self.lifetime_start,
        });
        Interval {
            start: starts.min().unwrap_or(first).min(last),
            end: last,
        }
    }

    /// How long after the beginning of the tile with its last row an online item lives; none if for ever. After Tecton: the
    /// aggregation interval, the longest window, and seven days, or as long as a leading edge stands if that is longer.
    pub fn item_life(&self) -> Option<Span> {
        let reaches: Option<Vec<Span>> = self.windows.iter().map(TimeWindow::reach).collect();
        let longest = reaches?.into_iter().max().unwrap_or(Span::ZERO);
        let stands = self.schedule.step().micros().saturating_add(self.data_delay.micros());
        let grace = stands.max(Span::from_days(7).micros());
        let life = self.interval.micros().saturating_add(longest.micros());
        Some(Span::from_micros(life.saturating_add(grace)))
    }

    /// Whether there is a function that looks at the order of rows.
    pub fn is_ordered(&self) -> bool {
        self.columns.iter().any(TileColumn::is_ordered)
    }
}

impl TileColumn {
    /// Whether its states depend on the order of rows.
    pub fn is_ordered(&self) -> bool {
        self.aggregation.function().state().is_ordered()
    }
}

/// A state that serves what another one is for stands for that one too: one of sums of powers for those of a sum and of a count.
fn share_states(columns: &mut Vec<TileColumn>, features: &mut [TileFeature]) {
    while let Some((served, serving)) = columns.iter().enumerate().find_map(|(at, served)| {
        let serves = |other: &TileColumn| {
            let kind = other.aggregation.function().state();
            other.column == served.column
                && kind != served.aggregation.function().state()
                && kind.serves(served.aggregation.function())
        };
        Some((at, place(columns, serves)?))
    }) {
        columns.remove(served);
        for feature in features.iter_mut() {
            if feature.column == served {
                feature.column = serving;
            }
            feature.column -= usize::from(feature.column > served);
        }
    }
}

/// The tile of an interval's length with a row of this time, in microseconds.
pub fn tile_around(micros: i64, interval: Span) -> Range<i64> {
    let into = micros.rem_euclid(interval.micros());
    micros.saturating_sub(into)..micros.saturating_add(interval.micros() - into)
}

fn place<T>(list: &[T], is: impl Fn(&T) -> bool) -> Option<usize> {
    list.iter().position(is)
}
