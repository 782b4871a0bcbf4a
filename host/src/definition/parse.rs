use std::collections::BTreeMap;
use std::ops::Range;

use super::keys::meta;
use super::model::{Entity, OnlineLoad, Project};
use super::problem::{Problem, Problems};
use super::reader::{Findings, Table, document};
use super::stores::{self, Stores};
use super::views::{self, AnyView};
use super::{checks, entities, services, sources};
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

#[derive(Default)]
pub(super) struct Reading {
    pub(super) spans: BTreeMap<String, Range<usize>>,
    /// Of views that do not say it.
    pub(super) online_load: OnlineLoad,
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
        let entities = self.objects(root, "entity", entities::read);
        let sources = self.objects(root, "source", sources::read);
        let (mut feature_views, mut request_views) = (Vec::new(), Vec::new());
        for view in self.objects(root, "feature_view", views::read) {
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
}
