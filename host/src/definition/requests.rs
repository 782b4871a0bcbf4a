//! `kind = "request"`: views that are computed when they are asked for, from the request's context and from features of other
//! views.

use std::collections::BTreeMap;
use std::ops::Range;

use arrow::datatypes::{DataType, FieldRef, Schema};
use sandglass_runtime::{host_type, kind_name};
use serde::{Deserialize, Serialize};

use super::entities::KEY_KINDS;
use super::keys::{self, existing, meta, optional};
use super::model::{
    FeatureService, KeyKind, LimitsOverride, Meta, ParameterText, Project, ServiceFeatures, Transformation,
};
use super::parse::Reading;
use super::problem::similar;
use super::reader::{Findings, Table, Value};
use super::services::{self, ServiceProblem, Told};

/// A view whose features are computed for each request.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RequestView {
    /// Its name.
    pub name: String,
    /// What a request brings along, in the order of the text.
    pub request_context: Vec<ContextField>,
    /// Features of other views that it reads, as a service has them.
    pub features: Vec<ServiceFeatures>,
    /// What makes its features.
    pub transformation: Transformation,
    /// Values for the transformation's parameters.
    pub parameters: BTreeMap<String, ParameterText>,
    /// Rows of training data that its transformation may trap on; their features are null.
    pub max_rejected: u64,
    /// What its runs may use, where it differs from the tenant's quota.
    pub limits: LimitsOverride,
    /// About it.
    pub meta: Meta,
}

/// What only the caller knows: a field of the request's context, and a column of spines.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ContextField {
    /// Its name.
    pub name: String,
    /// Its type.
    pub kind: ContextKind,
}

/// Types that a field of the context may have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ContextKind {
    /// A number.
    Float64,
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

impl ContextKind {
    /// As definitions spell it.
    pub fn name(self) -> &'static str {
        self.key_kind().map_or("float64", KeyKind::name)
    }

    /// The type that a key of this kind has; none if there is none.
    pub fn key_kind(self) -> Option<KeyKind> {
        match self {
            Self::Float64 => None,
            Self::Int64 => Some(KeyKind::Int64),
            Self::Utf8 => Some(KeyKind::Utf8),
            Self::Boolean => Some(KeyKind::Boolean),
            Self::Date => Some(KeyKind::Date),
            Self::Timestamp => Some(KeyKind::Timestamp),
        }
    }

    /// Its Arrow type.
    pub fn data_type(self) -> DataType {
        match self {
            Self::Float64 => DataType::Float64,
            Self::Int64 => DataType::Int64,
            Self::Utf8 => DataType::Utf8,
            Self::Boolean => DataType::Boolean,
            Self::Date => DataType::Date32,
            Self::Timestamp => host_type::timestamp(),
        }
    }
}

impl From<KeyKind> for ContextKind {
    fn from(kind: KeyKind) -> Self {
        match kind {
            KeyKind::Int64 => Self::Int64,
            KeyKind::Utf8 => Self::Utf8,
            KeyKind::Boolean => Self::Boolean,
            KeyKind::Date => Self::Date,
            KeyKind::Timestamp => Self::Timestamp,
        }
    }
}

/// Where a column of the transformation's input comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum InputFrom {
    /// The context's field at this place.
    Context(usize),
    /// A feature of the entry at this place in [`RequestView::features`].
    Feature {
        /// The entry.
        entry: usize,
        /// The feature's name in its view.
        feature: String,
    },
}

/// Reads one request view. The spans of its entries are noted as `<place>.features.<i>`.
pub(super) fn read(reading: &mut Reading, table: &Table<'_>, name: String, place: &str) -> Option<RequestView> {
    let meta = meta(table);
    let request_context = optional(table, "request_context", |value| context(&value));
    let features = optional(table, "features", |value| services::entries(reading, &value, place));
    let transformation = table.require("transformation").and_then(keys::transformation);
    let parameters = keys::parameters(table);
    let max_rejected = optional(table, "max_rejected", |value| value.whole());
    let limits = keys::limits(table);
    Some(RequestView {
        name,
        request_context: request_context?.unwrap_or_default(),
        features: features?.unwrap_or_default(),
        transformation: transformation?,
        parameters: parameters?,
        max_rejected: max_rejected?.unwrap_or(0),
        limits: limits?,
        meta,
    })
}

/// `request_context = { amount = "float64" }`.
fn context(value: &Value<'_>) -> Option<Vec<ContextField>> {
    let words = KEY_KINDS.map(|(word, kind)| (word, ContextKind::from(kind)));
    let words: Vec<_> = words.into_iter().chain([("float64", ContextKind::Float64)]).collect();
    let fields = value.table("`request_context`")?.entries().into_iter();
    let fields = fields.map(|(name, span, value)| {
        keys::check_column(value.findings, name, span)?;
        let kind = value.one_of(&words)?;
        Some(ContextField {
            name: name.to_owned(),
            kind,
        })
    });
    // All of them are read, so that every problem is found.
    let fields: Vec<_> = fields.collect();
    fields.into_iter().collect()
}

/// Rules that tie request views to other views.
pub(super) fn check(project: &Project, at: &impl Fn(String) -> Range<usize>, problems: &Findings) {
    for view in &project.request_views {
        let place = format!("feature_view.{}", view.name);
        if view.request_context.is_empty() && view.features.is_empty() {
            let hint = "write `request_context = { amount = \"float64\" }`, or `features = [\"view[feature]\"]`";
            let message = "a request view reads the request's context, features of other views, or both";
            problems.add(at(place.clone()), message, Some(hint.to_owned()));
        }
        for (index, entry) in view.features.iter().enumerate() {
            if project.request_view(&entry.view).is_some() {
                let message = format!("`{}` is a request view, which no other can read", entry.view);
                let hint = "read what it reads".to_owned();
                problems.add(at(format!("{place}.features.{index}")), message, Some(hint));
            }
        }
        for problem in view.check(project) {
            let place = at(format!("{place}.features.{}", problem.entry));
            problems.add(place, problem.message, problem.hint);
        }
    }
}

impl RequestView {
    /// What is wrong with the features that it reads, by the definitions alone.
    pub fn check(&self, project: &Project) -> Vec<ServiceProblem> {
        let inputs = FeatureService {
            name: self.name.clone(),
            features: self.features.clone(),
            meta: Meta::default(),
        };
        inputs.check(project)
    }

    /// Where the columns of its transformation's input come from. A column is named as a field of the context, as a feature that
    /// only one of the entries has, or as `view__feature`. `known` has the names and types of a view's features, where they are
    /// known; where they are not, what an entry names is taken as it is, without a type.
    ///
    /// # Errors
    /// For each column that nothing fits, and for what is never read: what is wrong and what to do.
    pub fn bind(
        &self,
        columns: &Schema,
        known: impl Fn(&str) -> Option<Vec<(String, String)>>,
    ) -> Result<Vec<InputFrom>, Vec<Told>> {
        let available: Vec<Vec<(String, String)>> = self.features.iter().map(|entry| offered(entry, &known)).collect();
        let mut problems = Vec::new();
        let mut found = Vec::new();
        for column in columns.fields() {
            match self.source(column.name(), &available) {
                Err(problem) => problems.push(problem),
                Ok((from, kind)) => {
                    let wanted = kind_name(column.data_type());
                    if !kind.is_empty() && kind != wanted {
                        let message = format!(
                            "the transformation reads `{}` as {wanted}, and it is {kind}",
                            column.name()
                        );
                        problems.push((message, Some(format!("declare the column as {kind}"))));
                    }
                    if matches!(from, InputFrom::Feature { .. }) && !column.is_nullable() {
                        let message = format!(
                            "the transformation takes no null as `{}`, and a key may have no value for it",
                            column.name()
                        );
                        problems.push((message, Some("declare the column as nullable".to_owned())));
                    }
                    if let (InputFrom::Feature { .. }, Some(part)) = (&from, never_null_within(column.data_type())) {
                        let message = format!(
                            "the transformation takes no null as `{part}` within `{}`, and the feature may have one there",
                            column.name()
                        );
                        problems.push((message, Some("declare it as nullable".to_owned())));
                    }
                    found.push(from);
                }
            }
        }
        // What a column is meant to be is not known where there is one that nothing fits.
        let all_are_bound = problems.is_empty();
        for (place, field) in self.request_context.iter().enumerate() {
            if all_are_bound && !found.contains(&InputFrom::Context(place)) {
                let message = format!(
                    "the transformation does not read `{}` of the request's context",
                    field.name
                );
                problems.push((message, Some("leave it out".to_owned())));
            }
        }
        for (place, entry) in self.features.iter().enumerate() {
            let reads = |from: &InputFrom| matches!(from, InputFrom::Feature { entry, .. } if *entry == place);
            if all_are_bound && !found.iter().any(reads) {
                let message = format!("the transformation reads nothing of `{entry}`");
                problems.push((message, Some("leave it out".to_owned())));
            }
        }
        if problems.is_empty() { Ok(found) } else { Err(problems) }
    }

    /// What a column of the input is, and its type if that is known.
    fn source(&self, name: &str, available: &[Vec<(String, String)>]) -> Result<(InputFrom, String), Told> {
        let field = self.request_context.iter().position(|field| field.name == name);
        let mut found: Vec<(InputFrom, String)> = Vec::new();
        if let Some(place) = field {
            let kind = self.request_context[place].kind;
            found.push((InputFrom::Context(place), kind_name(&kind.data_type())));
        }
        for (entry, (written, features)) in self.features.iter().zip(available).enumerate() {
            let own = name
                .strip_prefix(written.namespace())
                .and_then(|rest| rest.strip_prefix("__"));
            for (feature, kind) in features {
                if feature == name || own == Some(feature) {
                    let feature = feature.clone();
                    found.push((InputFrom::Feature { entry, feature }, kind.clone()));
                }
            }
        }
        match found.len() {
            1 => found.pop().ok_or_else(|| (String::new(), None)),
            0 => {
                let fields = self.request_context.iter().map(|field| field.name.clone());
                let features = available.iter().flatten().map(|(feature, _)| feature.clone());
                let names: Vec<String> = fields.chain(features).collect();
                let names = || names.iter().map(String::as_str);
                let message = format!(
                    "the transformation reads a column `{name}`, which is neither in `request_context` nor a feature of \
                     `features`; there are {}",
                    existing(names())
                );
                Err((
                    message,
                    similar(name, names()).map(|other| format!("did you mean `{other}`?")),
                ))
            }
            _ => {
                let message = format!("the transformation reads a column `{name}`, and there are several of that name");
                let hint = "name the column `view__feature`, or give an entry a `prefix`".to_owned();
                Err((message, Some(hint)))
            }
        }
    }
}

/// A part of a nested type that is never null, if there is one; keys of maps never are.
fn never_null_within(data_type: &DataType) -> Option<&str> {
    let nested: Vec<&FieldRef> = match data_type {
        DataType::List(item) | DataType::FixedSizeList(item, _) => vec![item],
        DataType::Struct(fields) => fields.iter().collect(),
        DataType::Map(entries, _) => match entries.data_type() {
            DataType::Struct(fields) => {
                return fields.iter().skip(1).find_map(never_null);
            }
            _ => Vec::new(),
        },
        _ => Vec::new(),
    };
    nested.into_iter().find_map(never_null)
}

fn never_null(field: &FieldRef) -> Option<&str> {
    match field.is_nullable() {
        false => Some(field.name()),
        true => never_null_within(field.data_type()),
    }
}

/// Names and types of what an entry has: what it names, or all of its view.
fn offered(entry: &ServiceFeatures, known: impl Fn(&str) -> Option<Vec<(String, String)>>) -> Vec<(String, String)> {
    match (&entry.columns, known(&entry.view)) {
        (None, known) => known.unwrap_or_default(),
        (Some(columns), None) => columns.iter().map(|name| (name.clone(), String::new())).collect(),
        (Some(columns), Some(known)) => known.into_iter().filter(|(name, _)| columns.contains(name)).collect(),
    }
}

#[cfg(test)]
mod tests {
    use arrow::datatypes::Field;

    use super::*;
    use crate::definition::parse;

    fn view(more: &str) -> RequestView {
        let text = format!(
            r#"
            [project]
            name = "shop"
            [[entity]]
            name = "customer"
            join_keys = {{ customer_id = "int64" }}
            [[source]]
            name = "rows"
            path = "rows.csv"
            timestamp_column = "at"
            [[feature_view]]
            name = "last"
            kind = "batch"
            entities = ["customer"]
            sources = ["rows"]
            timestamp_column = "at"
            batch_schedule = "1d"
            feature_start_time = "2024-01-01"
            [[feature_view]]
            name = "risk"
            kind = "request"
            transformation = "risk.wasm"
            {more}
            "#
        );
        let parsed = parse("sandglass.toml", &text).unwrap_or_else(|problems| panic!("{problems}"));
        parsed.project.request_views[0].clone()
    }

    const EVERYTHING: &str = r#"
        request_context = { amount = "float64", city = "utf8" }
        features = ["last[amount, note]", { view = "last", prefix = "other", join_keys = { customer_id = "other_id" } }]
    "#;

    /// What the view has online.
    fn known(view: &str) -> Option<Vec<(String, String)>> {
        let columns = [("amount", "float64"), ("note", "utf8"), ("size", "int64")];
        (view == "last").then(|| columns.map(|(name, kind)| (name.to_owned(), kind.to_owned())).to_vec())
    }

    fn bound(more: &str, columns: &[(&str, DataType, bool)]) -> Result<Vec<InputFrom>, Vec<Told>> {
        let fields = columns
            .iter()
            .map(|(name, kind, nullable)| Field::new(*name, kind.clone(), *nullable));
        view(more).bind(&Schema::new(fields.collect::<Vec<_>>()), known)
    }

    #[test]
    fn columns_are_context_or_features_by_their_names() {
        let columns = [
            ("other__amount", DataType::Float64, true),
            ("city", DataType::Utf8, false),
            ("size", DataType::Int64, true),
            ("last__note", DataType::Utf8, true),
        ];
        let more = EVERYTHING.replace("amount = \"float64\", ", "");
        let feature = |entry, feature: &str| InputFrom::Feature {
            entry,
            feature: feature.to_owned(),
        };
        let expected = [
            feature(1, "amount"),
            InputFrom::Context(0),
            feature(1, "size"),
            feature(0, "note"),
        ];
        assert_eq!(bound(&more, &columns).expect("all of them are there"), expected);
    }

    #[test]
    fn what_does_not_fit_is_told() {
        let text = || ("city", DataType::Utf8, true);
        for (column, message, hint) in [
            (
                ("amount", DataType::Float64, true),
                "the transformation reads a column `amount`, and there are several of that name",
                "name the column `view__feature`, or give an entry a `prefix`",
            ),
            (
                ("sise", DataType::Int64, true),
                "the transformation reads a column `sise`, which is neither in `request_context` nor a feature of `features`; \
                 there are `amount`, `city`, `amount`, `note`, `amount`, `note`, `size`",
                "did you mean `size`?",
            ),
            (
                ("size", DataType::Float64, true),
                "the transformation reads `size` as float64, and it is int64",
                "declare the column as int64",
            ),
            (
                ("size", DataType::Int64, false),
                "the transformation takes no null as `size`, and a key may have no value for it",
                "declare the column as nullable",
            ),
        ] {
            let problems = bound(EVERYTHING, &[text(), column]).expect_err("one column is wrong");
            assert_eq!(problems, [(message.to_owned(), Some(hint.to_owned()))]);
        }
        let more = "request_context = { city = \"utf8\", amount = \"float64\" }\nfeatures = [\"last[size]\"]";
        let unread = |message: &str| (message.to_owned(), Some("leave it out".to_owned()));
        assert_eq!(
            bound(more, &[text()]).expect_err("two are not read"),
            [
                unread("the transformation does not read `amount` of the request's context"),
                unread("the transformation reads nothing of `last[size]`")
            ]
        );
    }

    #[test]
    fn parts_of_features_may_be_null() {
        let list = |nullable| DataType::List(std::sync::Arc::new(Field::new("item", DataType::Int64, nullable)));
        let known = |_: &str| Some(vec![("sizes".to_owned(), "list of int64".to_owned())]);
        let bound = |nullable| {
            let fields = vec![Field::new("sizes", list(nullable), true)];
            view("features = [\"last\"]").bind(&Schema::new(fields), known)
        };
        assert!(bound(true).is_ok());
        let message = "the transformation takes no null as `item` within `sizes`, and the feature may have one there";
        let hint = Some("declare it as nullable".to_owned());
        assert_eq!(bound(false), Err(vec![(message.to_owned(), hint)]));
    }

    /// Where types are not known, what an entry names is taken as it is.
    #[test]
    fn what_is_not_known_yet() {
        let fields = vec![Field::new("size", DataType::Float64, true)];
        let found = view("features = [\"last[size]\"]").bind(&Schema::new(fields), |_| None);
        assert_eq!(found.map(|found| found.len()), Ok(1));
    }
}
