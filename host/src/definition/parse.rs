use std::collections::BTreeMap;
use std::ops::Range;

use toml::de::DeValue;

use super::aggregations;
use super::buckets::{bucket_at, folder_or_objects};
use super::checks;
use super::model::{
    Entity, FeatureView, Float, Format, JoinKey, KeyKind, LimitsOverride, Meta, OnlineLoad, ParameterText, Project,
    Source, TimestampUnit, Transformation, Trigger, ViewSource,
};
use super::partitions::Partitions;
use super::problem::{Problem, Problems, list};
use super::reader::{Findings, Table, Value, document};
use super::requests::{self, RequestView};
use super::services;
use super::stores::{self, Stores};
use super::tables;
use crate::time::Span;
use crate::workspace::{Workspace, check_identifier};

/// A valid project, and where in the text its parts are.
#[derive(Debug, Clone)]
pub struct Parsed {
    /// The project.
    pub project: Project,
    /// What is allowed but likely wrong.
    pub warnings: Vec<Problem>,
    /// The spans of objects and of keys, as `feature_view.clicks.ttl`, for problems that are found later.
    pub spans: BTreeMap<String, Range<usize>>,
    file: String,
    text: String,
}

impl Parsed {
    /// A project that was parsed before and kept; its problems have no place in a text.
    pub fn stored(project: Project) -> Self {
        let (warnings, spans) = (Vec::new(), BTreeMap::new());
        Self {
            project,
            warnings,
            spans,
            file: "the applied project".to_owned(),
            text: String::new(),
        }
    }

    /// A problem with the part at `place`, or with what holds it.
    pub fn problem(&self, place: &str, message: impl Into<String>, hint: Option<String>) -> Problem {
        let mut place = place;
        let span = loop {
            match (self.spans.get(place), place.rfind('.')) {
                (Some(span), _) => break span.clone(),
                (None, Some(end)) => place = &place[..end],
                (None, None) => break 0..0,
            }
        };
        Problem {
            message: message.into(),
            hint,
            span,
        }
    }

    /// These problems with the text that they are in.
    pub fn problems(&self, problems: Vec<Problem>) -> Problems {
        Problems::new(&self.file, &self.text, problems)
    }
}

/// How items are written, as definitions say it.
const ONLINE_LOADS: [(&str, OnlineLoad); 3] = [
    ("auto", OnlineLoad::Auto),
    ("bulk", OnlineLoad::Bulk),
    ("rows", OnlineLoad::Rows),
];

/// Parses and checks a project's text. Every problem is in the error, not only the first.
pub fn parse(file: &str, text: &str) -> Result<Parsed, Problems> {
    let document = document(file, text)?;
    let findings = Findings::default();
    let warnings = Findings::default();
    let mut reading = Reading::default();
    let span = 0..text.lines().next().map_or(0, str::len);
    let project = reading.project(&Table::new(
        &findings,
        document.get_ref(),
        span,
        "the project".to_owned(),
    ));
    let spans = reading.spans;
    match project {
        Some(project) if findings.is_empty() => {
            checks::check(&project, &spans, &findings, &warnings);
            if findings.is_empty() {
                let (file, text) = (file.to_owned(), text.to_owned());
                return Ok(Parsed {
                    project,
                    warnings: warnings.take(),
                    spans,
                    file,
                    text,
                });
            }
        }
        _ => {}
    }
    let shown = findings.shown(text);
    Err(Problems::new(file, &shown, findings.take()))
}

enum AnyView {
    /// Whose rows are kept.
    Kept(Box<FeatureView>),
    Request(Box<RequestView>),
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Batch,
    Stream,
    Request,
    Table,
}

#[derive(Default)]
pub(super) struct Reading {
    pub(super) spans: BTreeMap<String, Range<usize>>,
    /// Of views that do not say it.
    online_load: OnlineLoad,
}

impl Reading {
    fn project(&mut self, root: &Table<'_>) -> Option<Project> {
        let name = root
            .require("project")
            .and_then(|value| value.table("`[project]`"))
            .and_then(|table| {
                let name = table.require("name").and_then(|value| value.parsed::<Workspace>());
                meta(&table);
                table.finish();
                name
            });
        let stores = match root.get("stores") {
            Some(value) => value.table("`[stores]`").and_then(|table| stores::read(&table)),
            None => Some(Stores::default()),
        };
        self.online_load = stores.as_ref().map(|stores| stores.online_load).unwrap_or_default();
        let entities = self.objects(root, "entity", Self::entity);
        let sources = self.objects(root, "source", Self::source);
        let (mut feature_views, mut request_views) = (Vec::new(), Vec::new());
        for view in self.objects(root, "feature_view", Self::any_view) {
            match view {
                AnyView::Kept(view) => feature_views.push(*view),
                AnyView::Request(view) => request_views.push(*view),
            }
        }
        let feature_services = self.objects(root, "feature_service", services::read);
        root.finish();
        for view in &mut feature_views {
            let keys = view
                .entities
                .iter()
                .filter_map(|name| entities.iter().find(|entity: &&Entity| entity.name == *name));
            view.join_keys = keys.flat_map(|entity| entity.join_keys.clone()).collect();
        }
        Some(Project {
            name: name?,
            stores: stores?,
            entities,
            sources,
            feature_views,
            request_views,
            feature_services,
        })
    }

    /// `[[key]]` tables; what cannot be read is left out, with its problems noted.
    fn objects<T>(
        &mut self,
        root: &Table<'_>,
        key: &'static str,
        read: impl Fn(&mut Self, &Table<'_>, String, &str) -> Option<T>,
    ) -> Vec<T> {
        let mut objects = Vec::new();
        let mut names: Vec<String> = Vec::new();
        for value in root.get(key).and_then(|value| value.array()).unwrap_or_default() {
            let what = key.replace('_', " ");
            let Some(mut table) = value.table(what.clone()) else {
                continue;
            };
            let name_value = table.require("name");
            let name = name_value.and_then(|value| value.text());
            if let (Some(name), Some(value)) = (name, name_value) {
                if let Err(error) = check_identifier(name) {
                    value.problem(error.to_string(), None);
                }
                if names.iter().any(|other| other == name) {
                    value.problem(format!("two {what} tables are named `{name}`"), None);
                }
                names.push(name.to_owned());
                table.what = format!("{what} `{name}`");
                table.span = value.span();
            }
            let name = name.unwrap_or_default().to_owned();
            let place = format!("{key}.{name}");
            self.spans.insert(place.clone(), table.span.clone());
            for (entry, _, value) in table.entries() {
                self.spans.insert(format!("{place}.{entry}"), value.span());
            }
            if let Some(object) = read(self, &table, name, &place) {
                objects.push(object);
            }
            table.finish();
        }
        objects
    }

    fn entity(&mut self, table: &Table<'_>, name: String, _: &str) -> Option<Entity> {
        let meta = meta(table);
        let join_keys = table.require("join_keys").and_then(|value| join_keys(&value));
        Some(Entity {
            name,
            join_keys: join_keys?,
            meta,
        })
    }

    fn source(&mut self, table: &Table<'_>, name: String, _: &str) -> Option<Source> {
        let meta = meta(table);
        let path = table.require("path").and_then(|value| {
            let path = value.text()?;
            if path.is_empty() {
                value.problem("`path` is empty", None);
                return None;
            }
            folder_or_objects(&value)
        });
        let formats = [
            ("parquet", Format::Parquet),
            ("csv", Format::Csv),
            ("jsonl", Format::Jsonl),
            ("delta", Format::Delta),
        ];
        let bucket = bucket_at(table);
        let version = optional(table, "version", |value| value.whole());
        let format = match table.get("format") {
            Some(value) => value.one_of(&formats),
            None if table.get("version").is_some() => Some(Format::Delta),
            None => Some(path.as_deref().and_then(Format::of).unwrap_or(Format::Detect)),
        };
        let partitions = optional(table, "partitions", |value| value.parsed::<Partitions>());
        let partition_slack = optional(table, "partition_slack", |value| {
            let span: Span = value.parsed()?;
            if span < Span::ZERO {
                value.problem("`partition_slack` is negative", None);
                return None;
            }
            Some(span)
        });
        let columns = match table.get("columns") {
            Some(value) => columns(&value),
            None => Some(BTreeMap::new()),
        };
        let timestamp_column = table.require("timestamp_column").and_then(|value| column(&value));
        let units = [
            ("s", TimestampUnit::S),
            ("ms", TimestampUnit::Ms),
            ("us", TimestampUnit::Us),
            ("ns", TimestampUnit::Ns),
        ];
        let timestamp_unit = optional(table, "timestamp_unit", |value| value.one_of(&units));
        let timestamp_format = optional(table, "timestamp_format", |value| {
            let text = value.text()?;
            let valid = chrono::format::StrftimeItems::new(text).all(|item| item != chrono::format::Item::Error);
            if !valid {
                value.problem(
                    format!("`{text}` is not a time format: write it as strftime does, such as \"%d/%m/%Y %H:%M:%S\""),
                    None,
                );
            }
            valid.then(|| text.to_owned())
        });
        let data_delay = optional(table, "data_delay", |value| {
            let span: Span = value.parsed()?;
            if span < Span::ZERO {
                value.problem("`data_delay` is negative", None);
                return None;
            }
            Some(span)
        });
        Some(Source {
            name,
            path: path?,
            bucket: bucket?,
            format: format?,
            version: version?,
            partitions: partitions?,
            partition_slack: partition_slack?.unwrap_or_default(),
            columns: columns?,
            timestamp_column: timestamp_column?,
            timestamp_unit: timestamp_unit?,
            timestamp_format: timestamp_format?,
            data_delay: data_delay?.unwrap_or_default(),
            meta,
        })
    }

    fn any_view(&mut self, table: &Table<'_>, name: String, place: &str) -> Option<AnyView> {
        // What kind it is meant to be decides what its keys are, whether or not there is such a kind already.
        let kinds = [
            ("batch", Kind::Batch),
            ("stream", Kind::Stream),
            ("request", Kind::Request),
            ("table", Kind::Table),
        ];
        let kind = table.require("kind").and_then(|value| {
            let kind = value.one_of(&kinds)?;
            if kind == Kind::Stream {
                value.problem("`stream` views are not supported yet", None);
            }
            Some(kind)
        });
        let kept = |view| AnyView::Kept(Box::new(view));
        match kind {
            Some(Kind::Request) => {
                requests::read(self, table, name, place).map(|view| AnyView::Request(Box::new(view)))
            }
            Some(Kind::Table) => tables::read(table, name, self.online_load).map(kept),
            Some(Kind::Batch | Kind::Stream) | None => {
                let view = self.feature_view(table, name, place);
                kind.filter(|kind| *kind == Kind::Batch).and(view).map(kept)
            }
        }
    }

    fn feature_view(&mut self, table: &Table<'_>, name: String, place: &str) -> Option<FeatureView> {
        let meta = meta(table);
        let entities = entities(table);
        let sources = table.require("sources").and_then(|value| {
            let sources = value.array()?.iter().map(view_source).collect::<Option<Vec<_>>>()?;
            if sources.is_empty() {
                value.problem("`sources` is empty; a view reads at least one", None);
            }
            Some(sources)
        });
        let transformation = optional(table, "transformation", transformation);
        let parameters = parameters(table);
        let timestamp_column = table.require("timestamp_column").and_then(|value| column(&value));
        let order_by = optional(table, "order_by", |value| column(&value));
        let batch_schedule = table.require("batch_schedule").and_then(positive("batch_schedule"));
        let feature_start_time = table.require("feature_start_time").and_then(|value| value.parsed());
        let incremental_backfills = boolean(table, "incremental_backfills", false);
        let max_backfill_interval = optional(table, "max_backfill_interval", positive("max_backfill_interval"));
        let triggers = [("scheduled", Trigger::Scheduled), ("manual", Trigger::Manual)];
        let trigger = optional(table, "trigger", |value| value.one_of(&triggers));
        let manual_backfill_end_time = optional(table, "manual_backfill_end_time", |value| value.parsed());
        let ttl = optional(table, "ttl", positive("ttl"));
        let online = boolean(table, "online", false);
        let offline = offline(
            table,
            "a batch view is kept offline always: the online store is made of it",
        );
        let max_rejected = optional(table, "max_rejected", |value| value.whole());
        let limits = limits(table);
        let schedule = batch_schedule.zip(feature_start_time);
        let aggregation = aggregations::read(table, place, &mut self.spans, schedule);
        let of_streams = [
            ("window_edge", "leave it out: windows of batch views are exact"),
            (
                "leading_edge",
                "leave it out: batch views move at the ends of their jobs",
            ),
            (
                "aggregation_leading_edge",
                "leave it out: batch views move at the ends of their jobs",
            ),
            ("stream_mode", "leave it out"),
        ];
        for (key, hint) in of_streams {
            if let Some(value) = table.get(key) {
                let message = format!("`{key}` is for stream views only, which are not supported yet");
                value.problem(message, Some(hint.to_owned()));
            }
        }
        let compaction_enabled = boolean(table, "compaction_enabled", true);
        let compaction_schedule = optional(table, "compaction_schedule", positive("compaction_schedule"));
        let online_load = online_load(table);
        offline?;
        Some(FeatureView {
            name,
            entities: entities?,
            join_keys: Vec::new(),
            table: None,
            sources: sources?,
            transformation: transformation?,
            parameters: parameters?,
            timestamp_column: timestamp_column?,
            order_by: order_by?,
            batch_schedule: batch_schedule?,
            feature_start_time: feature_start_time?,
            incremental_backfills: incremental_backfills?,
            max_backfill_interval: max_backfill_interval?,
            trigger: trigger?.unwrap_or(Trigger::Scheduled),
            manual_backfill_end_time: manual_backfill_end_time?,
            ttl: ttl?,
            aggregation: aggregation?,
            online: online?,
            compaction_enabled: compaction_enabled?,
            compaction_schedule: compaction_schedule?,
            online_load: online_load?.unwrap_or(self.online_load),
            max_rejected: max_rejected?.unwrap_or(0),
            limits: limits?,
            meta,
        })
    }
}

/// `entities`, which every view has whose rows are kept.
pub(super) fn entities(table: &Table<'_>) -> Option<Vec<String>> {
    table.require("entities").and_then(|value| {
        let names = value
            .array()?
            .iter()
            .map(|value| value.text().map(str::to_owned))
            .collect::<Option<Vec<_>>>()?;
        if names.is_empty() {
            value.problem("`entities` is empty; a view's rows are about at least one", None);
        }
        Some(names)
    })
}

/// `offline`, which no view is without.
pub(super) fn offline(table: &Table<'_>, why: &'static str) -> Option<()> {
    let offline = boolean(table, "offline", true);
    if let (Some(false), Some(value)) = (offline, table.get("offline")) {
        let hint = "set `online = true` or false as you like, and leave `offline` out".to_owned();
        value.problem(why, Some(hint));
    }
    offline.map(|_| ())
}

/// `online_load`, of a view or of all that do not say it.
pub(super) fn online_load(table: &Table<'_>) -> Option<Option<OnlineLoad>> {
    optional(table, "online_load", |value| value.one_of(&ONLINE_LOADS))
}

/// A length of time that is longer than nothing.
pub(super) fn positive(key: &'static str) -> impl Fn(Value<'_>) -> Option<Span> {
    move |value| {
        let span: Span = value.parsed()?;
        if span <= Span::ZERO {
            value.problem(format!("`{key}` should be longer than nothing"), None);
            return None;
        }
        Some(span)
    }
}

/// None if the value is there and wrong.
pub(super) fn optional<'a, T>(
    table: &Table<'a>,
    key: &'static str,
    read: impl FnOnce(Value<'a>) -> Option<T>,
) -> Option<Option<T>> {
    match table.get(key) {
        None => Some(None),
        Some(value) => read(value).map(Some),
    }
}

pub(super) fn boolean(table: &Table<'_>, key: &'static str, default: bool) -> Option<bool> {
    table.get(key).map_or(Some(default), |value| value.boolean())
}

pub(super) fn meta(table: &Table<'_>) -> Meta {
    let text = |key| table.get(key).and_then(|value| value.text()).map(str::to_owned);
    let (description, owner) = (text("description"), text("owner"));
    let mut tags = BTreeMap::new();
    if let Some(entries) = table.get("tags").and_then(|value| value.table("`tags`")) {
        for (key, _, value) in entries.entries() {
            if let Some(text) = value.text() {
                tags.insert(key.to_owned(), text.to_owned());
            }
        }
    }
    Meta {
        description,
        owner,
        tags,
    }
}

pub(super) fn column(value: &Value<'_>) -> Option<String> {
    let name = value.text()?;
    check_column(value.findings, name, value.span())?;
    Some(name.to_owned())
}

/// Whether a column may have this name; if not, that is a problem.
pub(super) fn check_column(findings: &Findings, name: &str, span: Range<usize>) -> Option<()> {
    if !name.is_empty() && !name.starts_with("__") {
        return Some(());
    }
    let message = format!("`{name}` cannot be a column: names that begin with `__` are the store's own");
    findings.add(span, message, None);
    None
}

/// `columns = { seen = "name in the files" }`.
fn columns(value: &Value<'_>) -> Option<BTreeMap<String, String>> {
    let mut columns: BTreeMap<String, String> = BTreeMap::new();
    let mut whole = true;
    for (seen, span, value) in value.table("`columns`")?.entries() {
        whole &= check_column(value.findings, seen, span).is_some();
        let Some(stored) = value.text() else {
            whole = false;
            continue;
        };
        if let Some((other, _)) = columns.iter().find(|(_, other)| *other == stored) {
            let message = format!("column `{stored}` of the files is `{other}` already: it cannot be `{seen}` too");
            value.problem(message, Some("leave one of the two out".to_owned()));
            whole = false;
        }
        columns.insert(seen.to_owned(), stored.to_owned());
    }
    whole.then_some(columns)
}

/// Types of keys, by the words that definitions have for them.
pub(super) const KEY_KINDS: [(&str, KeyKind); 6] = [
    ("int64", KeyKind::Int64),
    ("utf8", KeyKind::Utf8),
    ("string", KeyKind::Utf8),
    ("boolean", KeyKind::Boolean),
    ("date", KeyKind::Date),
    ("timestamp", KeyKind::Timestamp),
];

fn join_keys(value: &Value<'_>) -> Option<Vec<JoinKey>> {
    let mut keys = Vec::new();
    for (name, span, value) in value.table("`join_keys`")?.entries() {
        check_column(value.findings, name, span);
        if matches!(value.raw(), DeValue::String(text) if text.starts_with("float")) {
            let hint = "round it to int64, or make it text".to_owned();
            value.problem(
                "a key cannot be a float: one number would have several keys",
                Some(hint),
            );
            continue;
        }
        if let Some(kind) = value.one_of(&KEY_KINDS) {
            keys.push(JoinKey {
                name: name.to_owned(),
                kind,
            });
        }
    }
    if keys.is_empty() {
        value.problem(
            "`join_keys` names no column",
            Some("write `join_keys = { customer_id = \"int64\" }`".to_owned()),
        );
        return None;
    }
    Some(keys)
}

fn view_source(value: &Value<'_>) -> Option<ViewSource> {
    if value.is_text() {
        let name = value.text()?.to_owned();
        return Some(ViewSource {
            name,
            input: None,
            start_time_offset: Span::ZERO,
            unfiltered: false,
        });
    }
    let table = value.table("an entry of `sources`")?;
    let name = table.require("name").and_then(|value| value.text());
    let input = optional(&table, "input", |value| value.text().map(str::to_owned));
    let (offset, unfiltered) = filter(&table);
    table.finish();
    Some(ViewSource {
        name: name?.to_owned(),
        input: input?,
        start_time_offset: offset?,
        unfiltered: unfiltered?,
    })
}

/// How a source's rows are filtered: its offset, and whether they are not filtered at all.
pub(super) fn filter(table: &Table<'_>) -> (Option<Span>, Option<bool>) {
    let offset_value = table.get("start_time_offset");
    let offset = match offset_value {
        None => Some(Span::ZERO),
        Some(value) => value.parsed::<Span>().and_then(|span| {
            if span > Span::ZERO {
                let hint = format!("to reach further back, write \"-{span}\"");
                value.problem("`start_time_offset` is zero or negative", Some(hint));
                return None;
            }
            Some(span)
        }),
    };
    let unfiltered = boolean(table, "unfiltered", false);
    if let (Some(true), Some(value)) = (unfiltered, offset_value) {
        value.problem(
            "an unfiltered source has no `start_time_offset`",
            Some("leave one of the two out".to_owned()),
        );
    }
    (offset, unfiltered)
}

pub(super) fn transformation(value: Value<'_>) -> Option<Transformation> {
    let text = value.text()?;
    let (path, name) = match text.split_once('#') {
        Some((path, name)) => (path, Some(name)),
        None => (text, None),
    };
    if path.is_empty() {
        let hint = "write a crate's folder or a .wasm file, and # with a name: \"transformations/rfm#customer_rfm\""
            .to_owned();
        value.problem("`transformation` names no component", Some(hint));
        return None;
    }
    if let Some(Err(error)) = name.map(check_identifier) {
        value.problem(error.to_string(), None);
        return None;
    }
    Some(Transformation {
        path: path.to_owned(),
        name: name.map(str::to_owned),
    })
}

/// `parameters` of a table; none if it has none.
pub(super) fn parameters(table: &Table<'_>) -> Option<BTreeMap<String, ParameterText>> {
    let mut parameters = BTreeMap::new();
    let Some(value) = table.get("parameters") else {
        return Some(parameters);
    };
    let table = value.table("`parameters`")?;
    for (name, _, value) in table.entries() {
        let parameter = match value.raw() {
            DeValue::Boolean(value) => ParameterText::Boolean(*value),
            DeValue::String(text) => ParameterText::Text(text.to_string()),
            DeValue::Datetime(time) => ParameterText::Text(time.to_string()),
            DeValue::Integer(_) => match value.integer() {
                Some(Ok(number)) => ParameterText::Integer(number),
                _ => {
                    value.problem(format!("parameter `{name}` does not fit int64"), None);
                    continue;
                }
            },
            DeValue::Float(number) => match number.as_str().parse() {
                Ok(number) => ParameterText::Float(Float(number)),
                Err(_) => {
                    value.problem(format!("parameter `{name}` is not a number"), None);
                    continue;
                }
            },
            DeValue::Array(_) | DeValue::Table(_) => {
                value.problem(format!("parameter `{name}` should be a single value"), None);
                continue;
            }
        };
        parameters.insert(name.to_owned(), parameter);
    }
    Some(parameters)
}

/// `limits` of a table; the tenant's where it has none.
pub(super) fn limits(table: &Table<'_>) -> Option<LimitsOverride> {
    let Some(value) = table.get("limits") else {
        return Some(LimitsOverride::default());
    };
    let table = &value.table("`limits`")?;
    let at_least = |key: &'static str, least: u64, unit: &'static str| {
        optional(table, key, |value| {
            let amount = value.whole()?;
            if amount < least {
                value.problem(format!("`{key}` should be at least {least} {unit}"), None);
                return None;
            }
            Some(amount)
        })
    };
    let memory = at_least("memory_bytes", 1 << 20, "bytes");
    let rows = at_least("output_rows", 1, "row");
    let bytes = at_least("output_bytes", 1 << 10, "bytes");
    let log = at_least("log_bytes", 0, "bytes");
    let guest_time = optional(table, "guest_time", |value| {
        let span: Span = value.parsed()?;
        if span < Span::from_micros(10_000) || span > Span::from_days(7) {
            value.problem("`guest_time` should be between 10ms and 7d", None);
            return None;
        }
        Some(span)
    });
    table.finish();
    Some(LimitsOverride {
        memory_bytes: memory?,
        guest_time: guest_time?,
        output_rows: rows?,
        output_bytes: bytes?,
        log_bytes: log?,
    })
}

/// What exists, as messages list it.
pub(super) fn existing<'a>(names: impl IntoIterator<Item = &'a str>) -> String {
    list(names)
}
