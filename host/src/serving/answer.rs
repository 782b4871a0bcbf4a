use std::sync::Arc;
use std::time::Duration;

use super::catalog::{Feature, FeaturePlace, InputPlace, Layout, Place, Service, Stretch};
use super::request::MetadataOptions;
use super::requests::{RequestAnswer, RequestRow};
use super::rows::Rows;
use crate::online::{Item, Read, ReadItem, Value, separated, write_list};
use crate::time::Timestamp;

/// The answer to a request: the features of its rows.
pub struct Vectors {
    pub(super) service: Arc<Service>,
    pub(super) layout: Arc<Layout>,
    /// One for each of the service's views.
    pub(super) reads: Vec<Read>,
    /// For each row and lookup the place of its item; none for a key with a null.
    pub(super) places: Rows<Option<usize>>,
    /// What each of the service's request views gives.
    pub(super) requests: Vec<RequestAnswer>,
    /// For each view the time at which items are looked at.
    pub(super) at: Vec<Timestamp>,
    /// Views of which more is due, and through which time they are there.
    pub(super) stale: Vec<(String, Timestamp)>,
    pub(super) store_time: Duration,
    pub(super) coerce_counts: bool,
    /// Nothing was read in time.
    pub(super) timed_out: bool,
}

/// What most values take in JSON at most, and what stands around those of a row.
const VALUE_BYTES: usize = 24;
const ROW_BYTES: usize = 16;

/// What became of a feature.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Status {
    Present,
    MissingData,
    TimeOut,
    /// It could not be computed.
    Unknown,
}

impl Status {
    fn name(self) -> &'static str {
        match self {
            Self::Present => "PRESENT",
            Self::MissingData => "MISSING_DATA",
            Self::TimeOut => "TIME_OUT",
            Self::Unknown => "UNKNOWN",
        }
    }
}

impl Vectors {
    pub(super) fn timed_out(service: Arc<Service>, layout: Arc<Layout>, rows: usize, store_time: Duration) -> Self {
        let lookups = service.lookups.len();
        Self {
            service,
            layout,
            reads: Vec::new(),
            places: Rows::all(None, lookups, rows),
            requests: Vec::new(),
            at: Vec::new(),
            stale: Vec::new(),
            store_time,
            coerce_counts: false,
            timed_out: true,
        }
    }

    /// The service that was asked.
    pub fn service(&self) -> &Arc<Service> {
        &self.service
    }

    /// Its features.
    pub fn layout(&self) -> &Layout {
        &self.layout
    }

    /// Views of which more is due, and through which time they are there.
    pub fn stale(&self) -> &[(String, Timestamp)] {
        &self.stale
    }

    /// How long the store took.
    pub fn store_time(&self) -> Duration {
        self.store_time
    }

    /// How many rows there are.
    pub fn rows(&self) -> usize {
        self.places.count()
    }

    /// For each of the service's request views the time inside the guest, if it ran, and how many rows it failed on.
    pub fn guests(&self) -> impl Iterator<Item = (Option<Duration>, usize)> {
        self.requests.iter().map(|answer| (answer.guest_time, answer.failed))
    }

    /// The item that a lookup of a row's found, if it is there to be seen.
    fn item(&self, row: usize, lookup: usize) -> Option<&ReadItem> {
        let at = (*self.places.get(row, lookup)?)?;
        let view = self.service.lookups[lookup].view;
        let item = self.reads.get(view)?.items.get(at)?.as_deref()?;
        item.is_visible(self.at[view]).then_some(item)
    }

    /// When what an item holds became effective.
    fn effective_time(&self, place: Place, item: &Item) -> Timestamp {
        let view = self.service.lookups[place.lookup].view;
        self.reads
            .get(view)
            .map_or(item.timestamp, |read| read.state.effective_time(item))
    }

    /// The columns of a request view's input, of the values that rows bring along and those that were read.
    pub(super) fn columns<'a>(&'a self, inputs: &'a [InputPlace], context: &'a Rows<Value>) -> Vec<Vec<&'a Value>> {
        let column = |input: &InputPlace| match *input {
            InputPlace::Context(field) => context.column(field).collect(),
            InputPlace::Item(place) => (0..self.rows())
                .map(|row| match self.item(row, place.lookup) {
                    Some(item) => place
                        .value
                        .and_then(|value| item.values.get(value))
                        .unwrap_or(&Value::Null),
                    None => self.layout.empty(place),
                })
                .collect(),
        };
        inputs.iter().map(column).collect()
    }

    /// What became of a row in a request view.
    fn computed(&self, row: usize, request: usize) -> Option<RequestRow> {
        self.requests.get(request)?.rows.get(row).copied()
    }

    fn computed_value(&self, row: usize, request: usize, column: Option<usize>) -> &Value {
        let answer = self.requests.get(request);
        let value = answer.and_then(|answer| answer.value(row, column?));
        value.unwrap_or(&Value::Null)
    }

    fn status(&self, row: usize, feature: &Feature) -> Status {
        if self.timed_out {
            return Status::TimeOut;
        }
        match feature.from {
            FeaturePlace::Item(place) if place.value.is_some() && self.item(row, place.lookup).is_some() => {
                Status::Present
            }
            FeaturePlace::Item(_) => Status::MissingData,
            FeaturePlace::Request(request, _) => match self.computed(row, request) {
                Some(RequestRow::Values(_)) => Status::Present,
                Some(RequestRow::TimedOut) => Status::TimeOut,
                Some(RequestRow::Failed) => Status::Unknown,
                Some(RequestRow::Missing) | None => Status::MissingData,
            },
        }
    }

    /// A feature's value in a row, when it became effective, and what became of it.
    pub(crate) fn feature(&self, row: usize, feature: &Feature) -> (Value, Option<Timestamp>, &'static str) {
        let status = self.status(row, feature);
        let (value, effective) = match feature.from {
            FeaturePlace::Item(place) => match self.item(row, place.lookup) {
                None => (self.layout.empty(place), None),
                Some(item) => {
                    let value = place.value.and_then(|value| item.values.get(value));
                    (value.unwrap_or(&Value::Null), Some(self.effective_time(place, item)))
                }
            },
            FeaturePlace::Request(request, column) => (self.computed_value(row, request, column), None),
        };
        (value.clone(), effective, status.name())
    }

    /// The answer to a request for one vector that took so long.
    pub fn write_one(&self, options: &MetadataOptions, took: Duration, out: &mut Vec<u8>) {
        out.extend_from_slice(b"{\"result\":");
        self.write_features(0, out);
        self.write_metadata(options, took, false, out);
        out.push(b'}');
    }

    /// The answer to a request for several that took so long.
    pub fn write_batch(&self, options: &MetadataOptions, took: Duration, out: &mut Vec<u8>) {
        out.extend_from_slice(b"{\"result\":");
        self.make_room(out);
        write_list(0..self.rows(), out, |row, out| self.write_features(row, out));
        self.write_metadata(options, took, true, out);
        out.push(b'}');
    }

    /// Room for all rows. Texts of items lie apart in memory: a pass that only asks for their lengths waits for many of them at once,
    /// and writing them then for none.
    fn make_room(&self, out: &mut Vec<u8>) {
        let stretch = |row: usize, stretch: &Stretch| match self.text(row, stretch) {
            Some(text) => text.len(),
            None => VALUE_BYTES * stretch.features.len(),
        };
        let row = |row: usize| {
            let stretches = self.layout.stretches.iter();
            ROW_BYTES + stretches.map(|each| 1 + stretch(row, each)).sum::<usize>()
        };
        out.reserve((0..self.rows()).map(row).sum());
    }

    fn write_features(&self, row: usize, out: &mut Vec<u8>) {
        out.extend_from_slice(b"{\"features\":[");
        separated(&self.layout.stretches, out, |stretch, out| {
            match self.text(row, stretch) {
                Some(text) => out.extend_from_slice(text),
                None => separated(&self.layout.features[stretch.features.clone()], out, |feature, out| {
                    self.write_value(row, feature, out);
                }),
            }
        });
        out.extend_from_slice(b"]}");
    }

    /// The values of a stretch, if the item has them in JSON as they are answered.
    fn text(&self, row: usize, stretch: &Stretch) -> Option<&[u8]> {
        let (lookup, values) = stretch.values.clone().filter(|_| !self.coerce_counts)?;
        self.item(row, lookup)?.json(values)
    }

    fn write_value(&self, row: usize, feature: &Feature, out: &mut Vec<u8>) {
        let place = match feature.from {
            FeaturePlace::Item(place) => place,
            FeaturePlace::Request(request, column) => {
                return self.computed_value(row, request, column).write_json(out);
            }
        };
        let value = self
            .item(row, place.lookup)
            .map(|item| place.value.and_then(|value| item.values.get(value)));
        match value {
            None | Some(None) if self.timed_out => out.extend_from_slice(b"null"),
            Some(Some(Value::Null)) | None if feature.is_count && self.coerce_counts => out.extend_from_slice(b"\"0\""),
            Some(Some(value)) => value.write_json(out),
            Some(None) => out.extend_from_slice(b"null"),
            None => self.layout.empty(place).write_json(out),
        }
    }

    fn write_metadata(&self, options: &MetadataOptions, took: Duration, batch: bool, out: &mut Vec<u8>) {
        let stale = options.include_serving_status && !self.stale.is_empty();
        if !options.describes_features() && !options.include_slo_info {
            return;
        }
        out.extend_from_slice(b",\"metadata\":{");
        let mut first = true;
        let mut field = |out: &mut Vec<u8>| {
            if !std::mem::take(&mut first) {
                out.push(b',');
            }
        };
        if options.describes_features() {
            field(out);
            match self.layout.described(options) {
                // What depends on the layout alone is written once.
                Some(described) => out.extend_from_slice(described.get_or_init(|| {
                    let mut described = Vec::new();
                    self.write_described(options, batch, &mut described);
                    described
                })),
                None => self.write_described(options, batch, out),
            }
        }
        if stale {
            field(out);
            out.extend_from_slice(b"\"staleFeatureViews\":");
            write_list(&self.stale, out, |(view, through), out| {
                out.extend_from_slice(b"{\"name\":");
                write_text(view, out);
                out.extend_from_slice(b",\"materializedThrough\":");
                write_text(&through.to_string(), out);
                out.push(b'}');
            });
        }
        if options.include_slo_info {
            field(out);
            if batch {
                // All rows were read together.
                out.extend_from_slice(b"\"sloInfo\":");
                write_list(0..self.rows(), out, |_, out| self.write_slo(took, out));
                out.extend_from_slice(b",\"batchSloInfo\":");
            } else {
                out.extend_from_slice(b"\"sloInfo\":");
            }
            self.write_slo(took, out);
        }
        out.push(b'}');
    }

    fn write_described(&self, options: &MetadataOptions, batch: bool, out: &mut Vec<u8>) {
        out.extend_from_slice(b"\"features\":");
        write_list(&self.layout.features, out, |feature, out| {
            self.write_feature(feature, options, batch, out);
        });
    }

    fn write_slo(&self, took: Duration, out: &mut Vec<u8>) {
        let seconds = took.as_secs_f64();
        out.extend_from_slice(b"{\"sloEligible\":true,\"sloServerTimeSeconds\":");
        write_number(seconds, out);
        out.extend_from_slice(b",\"serverTimeSeconds\":");
        write_number(seconds, out);
        out.extend_from_slice(b",\"storeMaxLatency\":");
        write_number(self.store_time.as_secs_f64(), out);
        out.push(b'}');
    }

    fn write_feature(&self, feature: &Feature, options: &MetadataOptions, batch: bool, out: &mut Vec<u8>) {
        out.push(b'{');
        let start = out.len();
        let field = |name: &[u8], out: &mut Vec<u8>| {
            if out.len() > start {
                out.push(b',');
            }
            out.extend_from_slice(name);
        };
        if options.include_names {
            field(b"\"name\":", out);
            out.extend_from_slice(feature.name_json.as_bytes());
        }
        if options.include_effective_times {
            // Of several rows the earliest: nothing in the answer is older.
            let place = match feature.from {
                FeaturePlace::Item(place) => Some(place),
                // What is computed now has no other time.
                FeaturePlace::Request(..) => None,
            };
            let items = place.map(|place| (0..self.rows()).filter_map(move |row| self.item(row, place.lookup)));
            let times = items.into_iter().flatten().zip(place);
            if let Some(at) = times.map(|(item, place)| self.effective_time(place, item)).min() {
                field(b"\"effectiveTime\":", out);
                write_text(&at.to_string(), out);
            }
        }
        if options.include_data_types
            && let Some(data_type) = &feature.type_json
        {
            field(b"\"dataType\":", out);
            out.extend_from_slice(data_type.as_bytes());
        }
        if options.include_serving_status {
            field(b"\"status\":", out);
            if batch {
                write_list(0..self.rows(), out, |row, out| {
                    write_text(self.status(row, feature).name(), out);
                });
            } else {
                write_text(self.status(0, feature).name(), out);
            }
        }
        if options.include_feature_descriptions
            && let Some(description) = &feature.description_json
        {
            field(b"\"description\":", out);
            out.extend_from_slice(description.as_bytes());
        }
        if options.include_feature_tags {
            field(b"\"tags\":", out);
            out.extend_from_slice(feature.tags_json.as_bytes());
        }
        out.push(b'}');
    }
}

fn write_text(text: &str, out: &mut Vec<u8>) {
    Value::write_text(text, out);
}

fn write_number(number: f64, out: &mut Vec<u8>) {
    Value::Float64(number).write_json(out);
}
