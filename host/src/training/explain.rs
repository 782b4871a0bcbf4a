//! What a value is made of: the leading edge, the windows, the tiles in them, and the rows behind.

use std::sync::Arc;

use arrow::array::{AsArray, RecordBatch};
use arrow::datatypes::TimestampMicrosecondType;
use datafusion::common::ScalarValue;
use datafusion::error::DataFusionError;
use datafusion::prelude::{DataFrame, SessionContext, ident, lit};
use serde::Serialize;

use crate::definition::{FeatureView, JoinKey};
use crate::error::{Classified, Kind};
use crate::key::KeyValue;
use crate::offline::{OfflineError, OfflineTable};
use crate::online::Value;
use crate::project::features;
use crate::tile::{Output, TileError, TileSpec, Tiles, Windows};
use crate::time::{Interval, Span, Timestamp};

/// What a view's values of a key at a time are made of.
#[derive(Debug, Serialize)]
pub struct Explanation {
    /// Where windows end; none for a view without aggregations.
    pub leading_edge: Option<Timestamp>,
    /// The features.
    pub features: Vec<Explained>,
    /// The rows that these look at, by time; the last ones, where there are more.
    pub rows: Vec<Row>,
    /// How many rows there are.
    pub row_count: usize,
}

/// A feature's value.
#[derive(Debug, Serialize)]
pub struct Explained {
    /// The feature.
    pub name: String,
    /// Its value, as the HTTP API writes it.
    pub value: serde_json::Value,
    /// The windows that it is of, oldest first.
    pub windows: Vec<Interval>,
    /// The tiles that lie in them.
    pub tiles: Vec<ExplainedTile>,
}

/// A tile of a feature.
#[derive(Debug, Serialize)]
pub struct ExplainedTile {
    /// Its time.
    pub interval: Interval,
    /// The secondary key, where the view has one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub secondary_key: Option<serde_json::Value>,
    /// What it alone comes to.
    pub value: serde_json::Value,
}

/// A row.
#[derive(Debug, Serialize)]
pub struct Row {
    /// Its time.
    pub timestamp: Timestamp,
    /// When it becomes visible.
    pub effective: Timestamp,
    /// When it stops being served, if ever.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expires: Option<Timestamp>,
    /// Its columns but the keys and the time.
    pub columns: serde_json::Map<String, serde_json::Value>,
}

/// What goes wrong.
#[derive(Debug, thiserror::Error)]
pub enum ExplainError {
    /// With the offline store.
    #[error(transparent)]
    Offline(#[from] OfflineError),
    /// With tiles.
    #[error(transparent)]
    Tile(#[from] TileError),
    /// With a plan.
    #[error("{0}")]
    Plan(#[from] DataFusionError),
    /// With values.
    #[error("{0}")]
    Value(String),
}

impl Classified for ExplainError {
    fn kind(&self) -> Kind {
        match self {
            Self::Offline(error) => error.kind(),
            Self::Tile(error) => error.kind(),
            Self::Plan(_) | Self::Value(_) => Kind::Internal,
        }
    }

    fn hint(&self) -> Option<String> {
        match self {
            Self::Offline(error) => error.hint(),
            Self::Tile(error) => error.hint(),
            Self::Plan(_) | Self::Value(_) => None,
        }
    }
}

/// What is asked for.
pub struct Question<'a> {
    /// The view.
    pub view: &'a FeatureView,
    /// How late its rows arrive.
    pub data_delay: Span,
    /// The rows.
    pub rows: &'a OfflineTable,
    /// The tiles of a view with aggregations.
    pub tiles: Option<(&'a Arc<TileSpec>, &'a OfflineTable)>,
    /// The key, in the order of the view's join keys.
    pub key: &'a [KeyValue],
    /// The time of the read.
    pub at: Timestamp,
    /// Rows that are shown.
    pub rows_max: usize,
}

/// Explains a view's values.
pub async fn explain(session: &SessionContext, question: &Question<'_>) -> Result<Explanation, ExplainError> {
    match question.tiles {
        Some((spec, tiles)) => windows(session, question, spec, tiles).await,
        None => latest(session, question).await,
    }
}

async fn windows(
    session: &SessionContext,
    question: &Question<'_>,
    spec: &Arc<TileSpec>,
    table: &OfflineTable,
) -> Result<Explanation, ExplainError> {
    let edge = spec.leading_edge(question.at);
    let reach = spec.reach(edge, edge);
    let order = spec.sort_columns();
    let order = order.iter().map(|name| ident(name).sort(true, true)).collect();
    let frame = of_key(table.scan(session, Some(reach), None)?, &spec.keys, question.key)?.sort(order)?;
    let schema = Arc::clone(frame.schema().inner());
    let batch = arrow::compute::concat_batches(&schema, &frame.collect().await?).map_err(TileError::from)?;
    let tiles = Tiles::new(spec, &batch)?;
    let mut values = Windows::new(Arc::clone(spec));
    values.push(&tiles, 0..batch.num_rows())?;
    values.answer(&[edge]);
    values.next_key();
    let columns = values.flush()?.columns;
    let mut features = Vec::new();
    for ((name, output), column) in spec.outputs().into_iter().zip(&columns) {
        let value = Value::of(column, 0).map_err(ExplainError::Value)?.to_json();
        let (window, feature) = match output {
            Output::Keys(window) => (window, None),
            Output::Aggregate(at) => (spec.features[at].window, Some(&spec.features[at])),
        };
        let windows: Vec<Interval> = spec.windows[window].at(edge, spec.lifetime_start).collect();
        let mut shown = Vec::new();
        for row in 0..batch.num_rows() {
            let start = Timestamp::from_micros(tiles.start(row));
            let Some(feature) = feature.filter(|_| windows.iter().any(|window| window.contains(start))) else {
                continue;
            };
            let states = &spec.columns[feature.column];
            let mut alone = states.aggregation.states();
            alone.grow(1);
            if let Some(bytes) = batch
                .column_by_name(&states.name)
                .and_then(|column| column.as_binary_opt::<i32>())
            {
                alone.merge_encoded(&[0], bytes, row).map_err(TileError::from)?;
            }
            let alone = feature.aggregation.finalize(alone.as_ref()).map_err(TileError::from)?;
            let secondary = spec.secondary.as_ref().and_then(|(name, _)| batch.column_by_name(name));
            let secondary = secondary.map(|column| Value::of(column, row)).transpose();
            shown.push(ExplainedTile {
                interval: Interval {
                    start,
                    end: start.saturating_add(spec.interval),
                },
                secondary_key: secondary.map_err(ExplainError::Value)?.map(|value| value.to_json()),
                value: Value::of(&alone.values, 0).map_err(ExplainError::Value)?.to_json(),
            });
        }
        features.push(Explained {
            name,
            value,
            windows,
            tiles: shown,
        });
    }
    let looked_at = features.iter().flat_map(|feature| &feature.windows);
    let range = looked_at
        .copied()
        .reduce(|a, b| Interval {
            start: a.start.min(b.start),
            end: a.end.max(b.end),
        })
        .map(|range| Interval {
            start: range.start.max(question.view.feature_start_time),
            end: range.end,
        });
    let (rows, row_count) = rows(session, question, range.filter(|range| !range.is_empty())).await?;
    Ok(Explanation {
        leading_edge: Some(edge),
        features,
        rows,
        row_count,
    })
}

async fn latest(session: &SessionContext, question: &Question<'_>) -> Result<Explanation, ExplainError> {
    let view = question.view;
    let range = Interval {
        start: view.feature_start_time,
        end: view
            .grid()
            .floor(question.at.saturating_sub(question.data_delay))
            .max(view.feature_start_time),
    };
    // The value is the last row's, also where no row is shown.
    let looked_at = Question {
        rows_max: question.rows_max.max(1),
        ..*question
    };
    let (mut rows, row_count) = rows(session, &looked_at, Some(range)).await?;
    let alive = |row: &&Row| row.expires.is_none_or(|expires| question.at < expires);
    let last = rows.last().filter(alive);
    let features = features(view, question.rows.schema(), None).into_iter();
    let features = features.map(|(name, _)| Explained {
        value: last.and_then(|row| row.columns.get(&name).cloned()).unwrap_or_default(),
        name,
        windows: Vec::new(),
        tiles: Vec::new(),
    });
    let features = features.collect();
    rows.truncate(question.rows_max);
    Ok(Explanation {
        leading_edge: None,
        features,
        rows,
        row_count,
    })
}

/// The key's rows in a range, by time and what orders them beyond it: the last ones, and how many there are.
async fn rows(
    session: &SessionContext,
    question: &Question<'_>,
    range: Option<Interval>,
) -> Result<(Vec<Row>, usize), ExplainError> {
    let Some(range) = range.filter(|range| !range.is_empty()) else {
        return Ok((Vec::new(), 0));
    };
    let view = question.view;
    let rows = of_key(
        question.rows.scan(session, Some(range), None)?,
        &view.join_keys,
        question.key,
    )?;
    let count = rows.clone().count().await?;
    let order = view.row_order(question.rows.schema());
    let last_first = order.iter().map(|name| ident(name).sort(false, false)).collect();
    let batches = rows
        .sort(last_first)?
        .limit(0, Some(question.rows_max))?
        .collect()
        .await?;
    let mut rows = Vec::new();
    for batch in &batches {
        for at in 0..batch.num_rows() {
            rows.push(row(question, batch, at)?);
        }
    }
    rows.reverse();
    Ok((rows, count))
}

fn row(question: &Question<'_>, batch: &RecordBatch, at: usize) -> Result<Row, ExplainError> {
    let view = question.view;
    let timestamp = batch
        .column_by_name(&view.timestamp_column)
        .and_then(|column| column.as_primitive_opt::<TimestampMicrosecondType>())
        .map(|times| Timestamp::from_micros(times.value(at)))
        .ok_or_else(|| ExplainError::Value("rows without a time".to_owned()))?;
    let mut columns = serde_json::Map::new();
    for (field, column) in batch.schema().fields().iter().zip(batch.columns()) {
        let name = field.name();
        if *name != view.timestamp_column && !view.join_keys.iter().any(|key| key.name == *name) {
            columns.insert(
                name.clone(),
                Value::of(column, at).map_err(ExplainError::Value)?.to_json(),
            );
        }
    }
    Ok(Row {
        timestamp,
        effective: view.effective_time(timestamp, question.data_delay),
        expires: view.expiry(timestamp, question.data_delay),
        columns,
    })
}

/// What of a table has a key.
fn of_key(frame: DataFrame, keys: &[JoinKey], values: &[KeyValue]) -> Result<DataFrame, DataFusionError> {
    keys.iter().zip(values).try_fold(frame, |frame, (key, value)| {
        let value = match value {
            KeyValue::Int64(value) => ScalarValue::Int64(Some(*value)),
            KeyValue::Utf8(value) => ScalarValue::Utf8(Some(value.clone())),
            KeyValue::Boolean(value) => ScalarValue::Boolean(Some(*value)),
            KeyValue::Date(value) => ScalarValue::Date32(Some(*value)),
            KeyValue::Timestamp(value) => ScalarValue::TimestampMicrosecond(Some(*value), Some("UTC".into())),
        };
        frame.filter(ident(&key.name).eq(lit(value)))
    })
}
