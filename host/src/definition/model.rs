//! Valid definitions. What can be built from text by [`parse`](super::parse) holds every rule that a definition alone can
//! be held to; what needs files or components is checked when the project is compiled.

use std::collections::BTreeMap;

use arrow::datatypes::{DataType, Schema};
use serde::{Deserialize, Serialize};

use super::buckets::BucketAt;
use super::partitions::Partitions;
use super::requests::RequestView;
use super::stores::Stores;
use super::tables::{INGESTED, TableColumn};
use crate::aggregate::Function;
use crate::tile::TimeWindow;
use crate::time::{Grid, Interval, Span, Timestamp};
use crate::workspace::Workspace;

/// A project: one folder, one workspace.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Project {
    /// The workspace, which everything is named through.
    pub name: Workspace,
    /// Where features are kept.
    pub stores: Stores,
    /// In the order of the text.
    pub entities: Vec<Entity>,
    /// In the order of the text.
    pub sources: Vec<Source>,
    /// In the order of the text.
    pub feature_views: Vec<FeatureView>,
    /// In the order of the text.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub request_views: Vec<RequestView>,
    /// In the order of the text.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub feature_services: Vec<FeatureService>,
}

/// What every object says about itself.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Meta {
    /// For people.
    pub description: Option<String>,
    /// Whom to ask.
    pub owner: Option<String>,
    /// For whatever tags are for.
    pub tags: BTreeMap<String, String>,
}

/// What features are about.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entity {
    /// Its name.
    pub name: String,
    /// In the order of the text, which is the order of the key.
    pub join_keys: Vec<JoinKey>,
    /// About it.
    pub meta: Meta,
}

/// A column that makes the key, or a part of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct JoinKey {
    /// The column.
    pub name: String,
    /// Its type.
    pub kind: KeyKind,
}

/// Types that a key may have. Floats are refused: two ways to write one number would be two keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum KeyKind {
    /// A whole number.
    Int64,
    /// Text.
    Utf8,
    /// True or false.
    Boolean,
    /// Days since 1970.
    Date,
    /// Microseconds since 1970, UTC.
    Timestamp,
}

/// What a path has before the pattern that it names files by; none if it names them as they are.
pub fn before_pattern(path: &str) -> Option<&str> {
    path.split_once(['*', '?', '[']).map(|(before, _)| before)
}

/// A data source.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Source {
    /// Its name.
    pub name: String,
    /// File, glob or folder; with `s3://` and a bucket before it, of its objects.
    pub path: String,
    /// Where that bucket is.
    #[serde(default, skip_serializing_if = "is_default")]
    pub bucket: BucketAt,
    /// What the files are.
    pub format: Format,
    /// The version of the Delta table, where it is one and not the newest is meant.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<u64>,
    /// What the names of its folders say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub partitions: Option<Partitions>,
    /// How far outside of its folder's time a row may lie.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub partition_slack: Span,
    /// Columns by the name that they are seen by, with their name in the files; all others keep theirs.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub columns: BTreeMap<String, String>,
    /// The column that holds the rows' time.
    pub timestamp_column: String,
    /// What an int64 time column counts.
    pub timestamp_unit: Option<TimestampUnit>,
    /// How a text time column is written, in chrono's notation.
    pub timestamp_format: Option<String>,
    /// How late its rows may arrive.
    pub data_delay: Span,
    /// About it.
    pub meta: Meta,
}

fn is_zero(span: &Span) -> bool {
    *span == Span::ZERO
}

/// What a source's files are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Format {
    /// What the path holds: a Delta table, or files whose endings say it.
    Detect,
    /// Apache Parquet.
    Parquet,
    /// Comma-separated values with a header; `.gz`, `.zst`, `.bz2` and `.xz` are decompressed.
    Csv,
    /// One JSON object a line; compressed as CSV may be.
    Jsonl,
    /// A Delta table's folder.
    Delta,
}

impl Format {
    /// The endings of its files, before those of compression.
    pub fn endings(self) -> &'static [&'static str] {
        match self {
            Self::Parquet | Self::Delta => &[".parquet"],
            Self::Csv => &[".csv"],
            Self::Jsonl => &[".jsonl", ".ndjson", ".json"],
            Self::Detect => &[],
        }
    }

    /// The format that a file's name says.
    pub fn of(name: &str) -> Option<Self> {
        if name.ends_with(".parquet") {
            return Some(Self::Parquet);
        }
        let bare = COMPRESSED
            .iter()
            .find_map(|ending| name.strip_suffix(ending))
            .unwrap_or(name);
        [Self::Csv, Self::Jsonl]
            .into_iter()
            .find(|format| format.endings().iter().any(|ending| bare.ends_with(ending)))
    }

    /// As definitions spell it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Detect => "detect",
            Self::Parquet => "parquet",
            Self::Csv => "csv",
            Self::Jsonl => "jsonl",
            Self::Delta => "delta",
        }
    }
}

/// Endings of compressed text.
pub const COMPRESSED: [&str; 4] = [".gz", ".zst", ".bz2", ".xz"];

/// What whole numbers count.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TimestampUnit {
    /// Seconds.
    S,
    /// Milliseconds.
    Ms,
    /// Microseconds.
    Us,
    /// Nanoseconds; floored to microseconds, and counted.
    Ns,
}

/// A feature view whose rows are kept: of batches, or a feature table.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct FeatureView {
    /// Its name.
    pub name: String,
    /// Names of its entities.
    pub entities: Vec<String>,
    /// The join keys of its entities, in their order.
    pub join_keys: Vec<JoinKey>,
    /// The features of a feature table, in the order of the text: its rows are brought along, and none are made by jobs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub table: Option<Vec<TableColumn>>,
    /// What it reads; nothing if it is a feature table.
    pub sources: Vec<ViewSource>,
    /// What makes its rows; none passes the rows of its one source on.
    pub transformation: Option<Transformation>,
    /// Values for the transformation's parameters.
    pub parameters: BTreeMap<String, ParameterText>,
    /// The column of its rows that holds their time.
    pub timestamp_column: String,
    /// What orders rows of one key and time.
    pub order_by: Option<String>,
    /// The length of a schedule interval.
    pub batch_schedule: Span,
    /// Where the schedule grid starts.
    pub feature_start_time: Timestamp,
    /// One backfill job for each schedule interval.
    pub incremental_backfills: bool,
    /// The longest interval of a default backfill's job.
    pub max_backfill_interval: Option<Span>,
    /// Who starts its jobs.
    pub trigger: Trigger,
    /// Where a manual view's backfill ends.
    pub manual_backfill_end_time: Option<Timestamp>,
    /// How long a row is served.
    pub ttl: Option<Span>,
    /// What its rows are aggregated to; its features are its columns if there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub aggregation: Option<Aggregations>,
    /// Whether it is served.
    pub online: bool,
    /// Whether a pass may change the items of affected keys only; else it makes all of them anew.
    #[serde(default = "yes", skip_serializing_if = "is_yes")]
    pub compaction_enabled: bool,
    /// How far the rows go on between two passes; every job is followed by one if it is not said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub compaction_schedule: Option<Span>,
    /// How items are written.
    #[serde(default, skip_serializing_if = "is_default")]
    pub online_load: OnlineLoad,
    /// Rejected rows that a job may have.
    pub max_rejected: u64,
    /// What its runs may use, where it differs from the tenant's quota.
    pub limits: LimitsOverride,
    /// About it.
    pub meta: Meta,
}

/// How items are written to the online store.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OnlineLoad {
    /// Whichever costs less.
    #[default]
    Auto,
    /// All of them at once, beside those that are live.
    Bulk,
    /// Those that have changed, one by one.
    Rows,
}

impl OnlineLoad {
    /// As definitions spell it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Auto => "auto",
            Self::Bulk => "bulk",
            Self::Rows => "rows",
        }
    }
}

fn yes() -> bool {
    true
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde's signature")]
fn is_yes(value: &bool) -> bool {
    *value
}

fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

/// What a view's rows are aggregated to.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Aggregations {
    /// The length of a tile; windows are multiples of it.
    pub interval: Span,
    /// The column whose values each have their own aggregates, in parallel lists.
    pub secondary_key: Option<String>,
    /// Where lifetime windows begin.
    pub lifetime_start_time: Option<Timestamp>,
    /// In the order of the text; at least one.
    pub features: Vec<AggregatedFeature>,
}

/// One aggregate over one window, or over each of a series.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct AggregatedFeature {
    /// Its name: the given one, or one that begins with the column's.
    pub name: String,
    /// The column of the view's rows.
    pub column: String,
    /// What is made of it.
    pub function: Function,
    /// Over which time.
    pub window: TimeWindow,
}

/// Features of several views that are asked for together.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FeatureService {
    /// Its name, which no view has.
    pub name: String,
    /// In the order of the text; at least one.
    pub features: Vec<ServiceFeatures>,
    /// About it.
    pub meta: Meta,
}

/// Features of one view, as a service has them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ServiceFeatures {
    /// The view.
    pub view: String,
    /// Which of its features; all of them if it is not said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub columns: Option<Vec<String>>,
    /// What requests and spines call a join key of the view, where they call it otherwise.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub join_keys: BTreeMap<String, String>,
    /// What stands in the place of the view's name in those of its features.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub prefix: Option<String>,
}

/// A source, as a view reads it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ViewSource {
    /// The source.
    pub name: String,
    /// The transformation's input; the one of the source's name, or the only one, if it is not said.
    pub input: Option<String>,
    /// How far before the interval its rows begin: zero or negative.
    pub start_time_offset: Span,
    /// Whether all rows are read, whatever the interval.
    pub unfiltered: bool,
}

/// A component and one of its transformations.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Transformation {
    /// A crate's folder, or a `.wasm` file; relative to the project's folder.
    pub path: String,
    /// Which one; may be left out if there is only one.
    pub name: Option<String>,
}

/// A parameter as it is written; the contract decides its type.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum ParameterText {
    /// True or false.
    Boolean(bool),
    /// A whole number.
    Integer(i64),
    /// A number.
    Float(Float),
    /// Text, a time or a length of time.
    Text(String),
}

/// A float64 that is equal to itself and that the registry gives back to the bit: JSON has neither NaN nor infinities, and its
/// readers round.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
#[serde(into = "FloatText", try_from = "FloatText")]
pub struct Float(pub f64);

impl PartialEq for Float {
    fn eq(&self, other: &Self) -> bool {
        self.0.to_bits() == other.0.to_bits() || self.0.is_nan() && other.0.is_nan()
    }
}

#[derive(Serialize, Deserialize)]
struct FloatText {
    float: String,
}

impl From<Float> for FloatText {
    fn from(Float(number): Float) -> Self {
        // The shortest text that is read back as the same number.
        Self {
            float: format!("{number:?}"),
        }
    }
}

impl TryFrom<FloatText> for Float {
    type Error = std::num::ParseFloatError;

    fn try_from(text: FloatText) -> Result<Self, Self::Error> {
        text.float.parse().map(Self)
    }
}

/// Who starts a view's jobs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Trigger {
    /// The schedule.
    Scheduled,
    /// Somebody, with a range.
    Manual,
}

/// Limits that a view sets for its runs.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct LimitsOverride {
    /// Linear memory of a run, in bytes.
    pub memory_bytes: Option<u64>,
    /// Time inside the guest.
    pub guest_time: Option<Span>,
    /// Rows that a run returns.
    pub output_rows: Option<u64>,
    /// Bytes that a run returns.
    pub output_bytes: Option<u64>,
    /// Bytes of a run's log.
    pub log_bytes: Option<u64>,
}

impl Project {
    /// The view of that name.
    pub fn feature_view(&self, name: &str) -> Option<&FeatureView> {
        self.feature_views.iter().find(|view| view.name == name)
    }

    /// The request view of that name.
    pub fn request_view(&self, name: &str) -> Option<&RequestView> {
        self.request_views.iter().find(|view| view.name == name)
    }

    /// The names of all views, request views last.
    pub fn view_names(&self) -> impl Iterator<Item = &str> + Clone {
        let views = self.feature_views.iter().map(|view| view.name.as_str());
        views.chain(self.request_views.iter().map(|view| view.name.as_str()))
    }

    /// What its views are transformed by.
    pub fn transformations(&self) -> impl Iterator<Item = &Transformation> {
        let views = self
            .feature_views
            .iter()
            .filter_map(|view| view.transformation.as_ref());
        views.chain(self.request_views.iter().map(|view| &view.transformation))
    }

    /// The feature service of that name.
    pub fn feature_service(&self, name: &str) -> Option<&FeatureService> {
        self.feature_services.iter().find(|service| service.name == name)
    }

    /// The source of that name.
    pub fn source(&self, name: &str) -> Option<&Source> {
        self.sources.iter().find(|source| source.name == name)
    }

    /// How late a view's rows may arrive: the largest delay of its sources.
    pub fn data_delay(&self, view: &FeatureView) -> Span {
        view.sources
            .iter()
            .filter_map(|used| self.source(&used.name))
            .map(|source| source.data_delay)
            .max()
            .unwrap_or(Span::ZERO)
    }
}

impl FeatureView {
    /// The schedule's boundaries.
    pub fn grid(&self) -> Grid {
        Grid::new(self.feature_start_time, self.batch_schedule).expect("a valid view has a positive schedule")
    }

    /// Where passes of compaction are due; none if each boundary is followed by one.
    pub fn compaction_grid(&self) -> Option<Grid> {
        Grid::new(self.feature_start_time, self.compaction_schedule?)
    }

    /// When a row with this timestamp becomes visible: the end of its grid interval plus the delay, whichever job wrote it.
    pub fn effective_time(&self, timestamp: Timestamp, data_delay: Span) -> Timestamp {
        self.grid().interval(timestamp).end.saturating_add(data_delay)
    }

    /// When a row with this timestamp stops being served, if ever: the first effective boundary at or after timestamp + ttl.
    pub fn expiry(&self, timestamp: Timestamp, data_delay: Span) -> Option<Timestamp> {
        let ttl = self.ttl?;
        let at = timestamp.saturating_add(ttl).saturating_sub(data_delay);
        Some(self.grid().ceil(at).saturating_add(data_delay))
    }

    /// What orders rows of one key: their time, in a feature table which was brought last, `order_by`, then all other columns that can be compared, in the order of the schema.
    pub fn row_order(&self, rows: &Schema) -> Vec<String> {
        let mut order = vec![self.timestamp_column.clone()];
        order.extend(self.table.as_ref().map(|_| INGESTED.to_owned()));
        order.extend(self.order_by.clone());
        for field in rows.fields() {
            let is_key = self.join_keys.iter().any(|key| key.name == *field.name());
            let comparable = !matches!(field.data_type(), DataType::Map(..));
            if comparable && !is_key && !order.contains(field.name()) {
                order.push(field.name().clone());
            }
        }
        order
    }

    /// The range of an interval's rows that a source hands on; none if it is unfiltered.
    pub fn source_range(&self, source: &ViewSource, interval: Interval) -> Option<Interval> {
        (!source.unfiltered).then(|| Interval {
            start: interval.start.saturating_add(source.start_time_offset),
            end: interval.end,
        })
    }
}

impl Aggregations {
    /// Windows whose features have lists of keys beside them, each once, in the order of the text; none without a secondary key.
    pub fn key_lists(&self) -> Vec<(String, TimeWindow)> {
        let mut lists: Vec<(String, TimeWindow)> = Vec::new();
        for window in self
            .secondary_key
            .iter()
            .flat_map(|_| self.features.iter().map(|feature| feature.window))
        {
            if !lists.iter().any(|(_, other)| *other == window) {
                let key = self.secondary_key.as_deref().unwrap_or_default();
                lists.push((format!("{key}_keys_{}", window.short_label()), window));
            }
        }
        lists
    }
}

impl KeyKind {
    /// As definitions spell it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Int64 => "int64",
            Self::Utf8 => "utf8",
            Self::Boolean => "boolean",
            Self::Date => "date",
            Self::Timestamp => "timestamp",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn view(ttl: Option<&str>) -> FeatureView {
        FeatureView {
            name: "v".into(),
            entities: vec![],
            join_keys: vec![],
            table: None,
            sources: vec![],
            transformation: None,
            parameters: BTreeMap::new(),
            timestamp_column: "timestamp".into(),
            order_by: None,
            batch_schedule: Span::DAY,
            feature_start_time: "2024-01-01".parse().expect("a date"),
            incremental_backfills: false,
            max_backfill_interval: None,
            trigger: Trigger::Scheduled,
            manual_backfill_end_time: None,
            ttl: ttl.map(|ttl| ttl.parse().expect("a span")),
            aggregation: None,
            online: true,
            compaction_enabled: true,
            compaction_schedule: None,
            online_load: OnlineLoad::Auto,
            max_rejected: 0,
            limits: LimitsOverride::default(),
            meta: Meta::default(),
        }
    }

    #[test]
    fn effective_time_is_the_end_of_the_grid_interval_and_the_delay() {
        let delay: Span = "2h".parse().expect("a span");
        for (timestamp, effective) in [
            ("2024-01-05T00:00:00Z", "2024-01-06T02:00:00Z"),
            ("2024-01-05T23:59:59.999999Z", "2024-01-06T02:00:00Z"),
            ("2024-01-06T00:00:00Z", "2024-01-07T02:00:00Z"),
        ] {
            let at = view(None).effective_time(timestamp.parse().expect("a time"), delay);
            assert_eq!(at.to_string(), effective);
        }
    }

    #[test]
    fn expiry_is_an_effective_boundary() {
        let delay: Span = "2h".parse().expect("a span");
        for (timestamp, expiry) in [
            // 2024-01-15 is not yet an effective boundary, which lie at 02:00.
            ("2024-01-05T00:00:00Z", "2024-01-15T02:00:00Z"),
            ("2024-01-05T02:00:00Z", "2024-01-15T02:00:00Z"),
            ("2024-01-05T02:00:00.000001Z", "2024-01-16T02:00:00Z"),
        ] {
            let at = view(Some("10d")).expiry(timestamp.parse().expect("a time"), delay);
            assert_eq!(at.expect("a ttl").to_string(), expiry);
        }
        assert_eq!(view(None).expiry(Timestamp::from_micros(0), delay), None);
    }
}
