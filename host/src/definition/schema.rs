//! The JSON Schema of `sandglass.toml`, by which editors complete keys and mark what is wrong while it is typed.
//!
//! The law kept here: what the parser accepts is valid by the schema, and the schema has the parser's keys and words, no more
//! and no less. The parser itself is asked for them by `tests/schema`. Rules that tie one part of a definition to another
//! are the parser's alone.

mod stores;

use serde_json::{Map, Value, json};

use super::tables::{LIST_OF, VALUE_KINDS};
use crate::aggregate::FUNCTIONS;

/// Where the checked-in schema can be had.
const ID: &str = "https://raw.githubusercontent.com/sandglass-dev/sandglass/main/schema/sandglass.schema.json";

/// The schema, in draft 2020-12.
pub fn schema() -> Value {
    let mut schema = object(
        "Definitions of a Sandglass project.",
        &["project"],
        [
            ("project", project()),
            ("stores", stores::stores()),
            ("entity", array("What features are about.", entity())),
            ("source", array("Where rows come from.", source())),
            (
                "feature_view",
                array("What features are made of, and when.", any_view()),
            ),
            (
                "feature_service",
                array("Features that are asked for together.", feature_service()),
            ),
        ],
    );
    schema["$schema"] = json!("https://json-schema.org/draft/2020-12/schema");
    schema["$id"] = json!(ID);
    schema["title"] = json!("sandglass.toml");
    schema
}

fn project() -> Value {
    let keys = [("name", name("The workspace, which everything is named through."))];
    object("The project.", &["name"], keys.into_iter().chain(meta()))
}

fn online_load(description: &str) -> Value {
    words(
        &format!("{description} `auto`: whichever costs less; `bulk`: all at once; `rows`: those that have changed."),
        &["auto", "bulk", "rows"],
    )
}

fn entity() -> Value {
    let kind = json!({ "enum": ["int64", "utf8", "string", "boolean", "date", "timestamp"] });
    let join_keys = json!({
        "description": "Columns that make the key, and their types: { customer_id = \"int64\" }",
        "type": "object",
        "minProperties": 1,
        "propertyNames": { "pattern": COLUMN },
        "additionalProperties": kind,
    });
    let keys = [("name", name("Its name.")), ("join_keys", join_keys)];
    object("An entity.", &["name", "join_keys"], keys.into_iter().chain(meta()))
}

fn source() -> Value {
    let columns = json!({
        "description": "Columns that are seen by another name than the files have: { seen = \"name in the files\" }",
        "type": "object",
        "propertyNames": { "pattern": COLUMN },
        "additionalProperties": column("The name in the files."),
    });
    let keys = [
        ("name", name("Its name.")),
        (
            "path",
            some_text(
                "A file, a glob or a folder, relative to the project's, or s3:// with a bucket and the same of its objects.",
            ),
        ),
        region("The region of the path's bucket; the one of the environment or profile, if it is not said."),
        endpoint(),
        (
            "format",
            words(
                "Where the file's ending does not tell.",
                &["parquet", "csv", "jsonl", "delta"],
            ),
        ),
        (
            "version",
            whole("The version of a Delta table; the last one if it is not said.", 0, None),
        ),
        (
            "partitions",
            some_text("How folders are named below the path, with the time of their rows: year=%Y/month=%m/day=%d"),
        ),
        (
            "partition_slack",
            span("How far the time of a row may lie outside of its folder's."),
        ),
        ("columns", columns),
        ("timestamp_column", column("The column that holds the rows' time.")),
        (
            "timestamp_unit",
            words("What a time column of whole numbers counts.", &["s", "ms", "us", "ns"]),
        ),
        (
            "timestamp_format",
            text("How a time column of text is written if it is not RFC 3339, as strftime has it: %d/%m/%Y %H:%M:%S"),
        ),
        ("data_delay", span("How late its rows may arrive.")),
    ];
    object(
        "A source.",
        &["name", "path", "timestamp_column"],
        keys.into_iter().chain(meta()),
    )
}

/// What keys a view has depends on its kind.
fn any_view() -> Value {
    json!({
        "if": { "properties": { "kind": { "const": "request" } }, "required": ["kind"] },
        "then": request_view(),
        "else": {
            "if": { "properties": { "kind": { "const": "table" } }, "required": ["kind"] },
            "then": feature_table(),
            "else": feature_view(),
        },
    })
}

fn kind() -> Value {
    words(
        "What kind of view it is: batch views are materialized, feature tables hold what `ingest` brings, request views are \
         computed when they are asked for.",
        &["batch", "request", "table"],
    )
}

fn parameters() -> Value {
    json!({
        "description": "Values for the transformation's parameters.",
        "type": "object",
        "additionalProperties": { "type": ["boolean", "number", "string"] },
    })
}

fn transformation(more: &str) -> Value {
    json!({
        "description": format!("path#name: a crate's folder or a .wasm file, and one of its transformations{more}"),
        "type": "string",
        "pattern": "^[^#]+(#[a-z][a-z0-9_]{0,62})?$",
    })
}

fn request_view() -> Value {
    let kinds = json!({ "enum": ["int64", "utf8", "string", "boolean", "date", "timestamp", "float64"] });
    let request_context = json!({
        "description": "What a request brings along, and its types: { amount = \"float64\" }",
        "type": "object",
        "propertyNames": { "pattern": COLUMN },
        "additionalProperties": kinds,
    });
    let keys = [
        ("name", name("Its name.")),
        ("kind", kind()),
        ("request_context", request_context),
        ("features", features("Features of other views that it reads")),
        ("transformation", transformation(", of the aligned scope.")),
        ("parameters", parameters()),
        (
            "max_rejected",
            whole(
                "Rows of training data that may be trapped on, whose features are null; 0 if it is not said.",
                0,
                None,
            ),
        ),
        ("limits", limits()),
    ];
    object(
        "A request view.",
        &["name", "kind", "transformation"],
        keys.into_iter().chain(meta()),
    )
}

fn entities() -> Value {
    json!({
        "description": "Its entities, whose join keys make its key.",
        "type": "array",
        "minItems": 1,
        "items": name("An entity."),
    })
}

fn compaction_enabled() -> Value {
    boolean(
        "Whether a pass may change the items of affected keys only; else it makes all of them anew.",
        true,
    )
}

fn feature_table() -> Value {
    let words = VALUE_KINDS.map(|(word, _)| word);
    let lists = words.map(|word| format!("{LIST_OF}{word}"));
    let kinds: Vec<&str> = words.into_iter().chain(lists.iter().map(String::as_str)).collect();
    let columns = json!({
        "description": "Its features and their types: { plan = \"utf8\", scores = \"list of float32\" }",
        "type": "object",
        "minProperties": 1,
        "propertyNames": { "pattern": COLUMN },
        "additionalProperties": { "enum": kinds },
    });
    let keys = [
        ("name", name("Its name.")),
        ("kind", kind()),
        ("entities", entities()),
        ("columns", columns),
        (
            "timestamp_column",
            column("The column of its rows that holds their time."),
        ),
        (
            "order_by",
            column("What orders rows of one key and time that are brought together."),
        ),
        ("ttl", span("How long a row is served.")),
        ("online", boolean("Whether it is served.", false)),
        ("compaction_enabled", compaction_enabled()),
        ("online_load", online_load("How items are written.")),
        (
            "offline",
            json!({ "description": "A feature table is kept offline always.", "const": true }),
        ),
    ];
    let required = ["name", "kind", "entities", "columns", "timestamp_column"];
    let what = "A feature table: rows that `ingest` brings.";
    object(what, &required, keys.into_iter().chain(meta()))
}

fn feature_view() -> Value {
    let sources = json!({
        "description": "What it reads.",
        "type": "array",
        "minItems": 1,
        "items": { "anyOf": [{ "type": "string" }, view_source()] },
    });
    let keys = [
        ("name", name("Its name.")),
        ("kind", kind()),
        ("entities", entities()),
        ("sources", sources),
        (
            "transformation",
            transformation(". Left out, the source's rows are passed on."),
        ),
        ("parameters", parameters()),
        (
            "timestamp_column",
            column("The column of its rows that holds their time."),
        ),
        ("order_by", column("What orders rows of one key and time.")),
        (
            "batch_schedule",
            span("The length of a schedule interval, a minute at least."),
        ),
        ("feature_start_time", time("Where the schedule's grid starts.")),
        (
            "incremental_backfills",
            boolean(
                "A backfill is one job for each interval; keyed and interval transformations need it.",
                false,
            ),
        ),
        (
            "max_backfill_interval",
            span("The longest interval of a backfill's job, a multiple of the schedule."),
        ),
        (
            "trigger",
            words(
                "Who starts its jobs: the schedule, or somebody.",
                &["scheduled", "manual"],
            ),
        ),
        (
            "manual_backfill_end_time",
            time("Where the backfill of a manual view ends."),
        ),
        ("ttl", span("How long a row is served.")),
        ("online", boolean("Whether it is served.", false)),
        ("compaction_enabled", compaction_enabled()),
        (
            "compaction_schedule",
            span(
                "How far the rows go on between two passes, a multiple of the schedule; every job is followed by one if it is not said.",
            ),
        ),
        ("online_load", online_load("How items are written.")),
        (
            "offline",
            json!({ "description": "A batch view is kept offline always.", "const": true }),
        ),
        (
            "max_rejected",
            whole(
                "Rows of a job that may be rejected or trapped on; 0 if it is not said.",
                0,
                None,
            ),
        ),
        ("limits", limits()),
        (
            "aggregation",
            json!({
                "description": "What its rows are aggregated to; its features are the columns of its rows if there is none.",
                "type": "array",
                "minItems": 1,
                "items": aggregation(),
            }),
        ),
        (
            "aggregation_interval",
            span("The length of a tile: the schedule is a multiple of it, and so is every window."),
        ),
        (
            "aggregation_secondary_key",
            column("The column whose values each have their own aggregates, in parallel lists."),
        ),
        ("lifetime_start_time", time("Where lifetime windows begin.")),
    ];
    let required = [
        "name",
        "kind",
        "entities",
        "sources",
        "timestamp_column",
        "batch_schedule",
        "feature_start_time",
    ];
    object("A feature view.", &required, keys.into_iter().chain(meta()))
}

fn aggregation() -> Value {
    let function = json!({
        "description": "What is made of the column's values: sum, last(5), approx_percentile(0.5, 100).",
        "type": "string",
        "pattern": format!("^\\s*({})\\s*(\\(.*\\))?\\s*$", function_names().join("|")),
    });
    let keys = [
        ("column", column("A column of the view's rows.")),
        ("function", function),
        ("time_window", time_window()),
        (
            "name",
            name("What the feature is called; made of column, function, window and interval if it is not said."),
        ),
    ];
    object(
        "An aggregate over a window, or over each of a list of them.",
        &["column", "function", "time_window"],
        keys,
    )
}

fn function_names() -> Vec<&'static str> {
    let mut names: Vec<_> = FUNCTIONS.iter().map(|(name, _)| *name).collect();
    names.sort_unstable();
    names.dedup();
    names
}

fn time_window() -> Value {
    let keys = [
        ("size", span("How long it is, or each of a series.")),
        (
            "offset",
            offset("How far it is shifted back: zero or negative, such as -1d."),
        ),
        (
            "series_start",
            offset("Where the first window of a series begins, before the leading edge: -7d."),
        ),
        (
            "series_end",
            offset("Where the last one ends at the latest; 0s if it is not said."),
        ),
        (
            "step_size",
            span("From the beginning of one window to that of the next; the size if it is not said."),
        ),
    ];
    let one = [
        json!({ "const": "lifetime" }),
        span("The last so much time."),
        object("A window with an offset, or a series of windows.", &["size"], keys),
    ];
    let list = json!({ "type": "array", "minItems": 1, "items": { "anyOf": one } });
    json!({
        "description": "Over which time: \"7d\", \"lifetime\", { size, offset }, { series_start, size }, or a list of these.",
        "anyOf": one.into_iter().chain([list]).collect::<Vec<_>>(),
    })
}

/// Features of views, as services and request views name them.
fn features(about: &str) -> Value {
    json!({
        "description": format!("{about}: \"view\", \"view[feature, feature]\", or a table."),
        "type": "array",
        "minItems": 1,
        "items": { "anyOf": [{ "type": "string", "pattern": "^[^\\[]+(\\[.+\\])?$" }, service_features()] },
    })
}

fn feature_service() -> Value {
    let keys = [
        ("name", name("Its name, which no view has.")),
        ("features", features("Whose features")),
    ];
    object(
        "A feature service.",
        &["name", "features"],
        keys.into_iter().chain(meta()),
    )
}

fn service_features() -> Value {
    let columns = json!({
        "description": "Which of its features; all of them if it is not said.",
        "type": "array",
        "minItems": 1,
        "items": column("A feature."),
    });
    let join_keys = json!({
        "description": "What requests call join keys of the view that they call otherwise: { customer_id = \"buyer_id\" }",
        "type": "object",
        "additionalProperties": column("The name in requests."),
    });
    let keys = [
        ("view", text("The view.")),
        ("columns", columns),
        ("join_keys", join_keys),
        (
            "prefix",
            name("What stands in the place of the view's name before its features."),
        ),
    ];
    object("Features of one view.", &["view"], keys)
}

fn view_source() -> Value {
    let keys = [
        ("name", text("The source.")),
        (
            "input",
            text("The transformation's input; the one of the source's name, or the only one, if it is not said."),
        ),
        (
            "start_time_offset",
            offset("How far before the interval its rows begin: zero or negative, such as -6d."),
        ),
        (
            "unfiltered",
            boolean("Whether all rows are read, whatever the interval.", false),
        ),
    ];
    object("A source, as the view reads it.", &["name"], keys)
}

fn limits() -> Value {
    let keys = [
        ("memory_bytes", whole("Linear memory of a run.", 1 << 20, None)),
        ("guest_time", span("Time inside the guest, between 10ms and 7d.")),
        ("output_rows", whole("Rows that a run returns.", 1, None)),
        ("output_bytes", whole("Bytes that a run returns.", 1 << 10, None)),
        ("log_bytes", whole("Bytes of a run's log.", 0, None)),
    ];
    object(
        "What its runs may use, where it differs from the tenant's quota.",
        &[],
        keys,
    )
}

fn meta() -> [(&'static str, Value); 3] {
    let tags = json!({
        "description": "For whatever tags are for.",
        "type": "object",
        "additionalProperties": { "type": "string" },
    });
    [
        ("description", text("For people.")),
        ("owner", text("Whom to ask.")),
        ("tags", tags),
    ]
}

/// Columns that begin with `__` are the store's own.
const COLUMN: &str = "^(?!__).+";

fn object(about: &str, required: &[&str], keys: impl IntoIterator<Item = (&'static str, Value)>) -> Value {
    let properties: Map<String, Value> = keys.into_iter().map(|(key, value)| (key.to_owned(), value)).collect();
    json!({
        "description": about,
        "type": "object",
        "properties": properties,
        "required": required,
        "additionalProperties": false,
    })
}

fn array(about: &str, items: Value) -> Value {
    json!({ "description": about, "type": "array", "items": items })
}

fn text(about: &str) -> Value {
    json!({ "description": about, "type": "string" })
}

fn matching(about: &str, pattern: &str) -> Value {
    json!({ "description": about, "type": "string", "pattern": pattern })
}

/// Where something of Amazon's is.
fn region(about: &str) -> (&'static str, Value) {
    ("region", matching(about, "^[a-z0-9-]{1,63}$"))
}

fn endpoint() -> (&'static str, Value) {
    (
        "endpoint",
        matching("Another server than Amazon's, http or https.", "^https?://"),
    )
}

fn some_text(about: &str) -> Value {
    json!({ "description": about, "type": "string", "minLength": 1 })
}

fn name(about: &str) -> Value {
    json!({ "description": about, "type": "string", "pattern": "^[a-z][a-z0-9_]{0,62}$" })
}

fn column(about: &str) -> Value {
    json!({ "description": about, "type": "string", "pattern": COLUMN })
}

fn words(about: &str, words: &[&str]) -> Value {
    json!({ "description": about, "type": "string", "enum": words })
}

fn boolean(about: &str, default: bool) -> Value {
    with_default(json!({ "description": about, "type": "boolean" }), default)
}

fn whole(about: &str, least: u64, most: Option<u64>) -> Value {
    json!({ "description": about, "type": "integer", "minimum": least, "maximum": most.unwrap_or(i64::MAX.unsigned_abs()) })
}

/// A length of time; what does not fit i64 is the parser's to find.
fn span(about: &str) -> Value {
    lengths(about, &format!("^{}$", units("[0-9]")))
}

/// A length of time that is zero or negative.
fn offset(about: &str) -> Value {
    lengths(about, &format!("^-{}$|^{}$", units("[0-9]"), units("0")))
}

fn lengths(about: &str, pattern: &str) -> Value {
    let about = format!("{about} A number and a unit: w, d, h, m, s, ms, us.");
    json!({ "description": about, "type": "string", "pattern": pattern })
}

/// Numbers of these digits with their units, the largest first; one of them at least.
fn units(digit: &str) -> String {
    let each = ["w", "d", "h", "m", "s", "ms", "us"].map(|unit| format!("({digit}+{unit})?"));
    format!("(?=[0-9]){}", each.concat())
}

/// A string, or one of TOML's dates and times, which schemas see as strings.
fn time(about: &str) -> Value {
    let pattern = "^[0-9]{4}-[0-9]{2}-[0-9]{2}([Tt ][0-9]{2}:[0-9]{2}:[0-9]{2}.*)?$";
    json!({ "description": format!("{about} A date, or RFC 3339."), "type": "string", "pattern": pattern })
}

fn with_default(mut schema: Value, default: impl Into<Value>) -> Value {
    schema["default"] = default.into();
    schema
}
