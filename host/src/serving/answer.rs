use std::sync::Arc;
use std::time::Duration;

use super::catalog::{Feature, Layout, Service};
use super::request::MetadataOptions;
use crate::online::{Item, Read, Value, write_list};
use crate::time::Timestamp;

/// The answer to a request: the features of its rows.
pub struct Vectors {
    pub(super) service: Arc<Service>,
    pub(super) layout: Arc<Layout>,
    /// One for each of the service's views.
    pub(super) reads: Vec<Read>,
    /// For each row and lookup the place of its item; none for a key with a null.
    pub(super) places: Vec<Vec<Option<usize>>>,
    /// For each view the time at which items are looked at.
    pub(super) at: Vec<Timestamp>,
    /// Views of which more is due, and through which time they are there.
    pub(super) stale: Vec<(String, Timestamp)>,
    pub(super) store_time: Duration,
    pub(super) coerce_counts: bool,
    /// Nothing was read in time.
    pub(super) timed_out: bool,
}

/// What became of a feature.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Status {
    Present,
    MissingData,
    TimeOut,
}

impl Status {
    fn json(self) -> &'static [u8] {
        match self {
            Self::Present => b"\"PRESENT\"",
            Self::MissingData => b"\"MISSING_DATA\"",
            Self::TimeOut => b"\"TIME_OUT\"",
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
            places: vec![vec![None; lookups]; rows],
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
        self.places.len()
    }

    /// The item that a row's feature comes from, if it is there to be seen.
    fn item(&self, row: usize, feature: &Feature) -> Option<&Item> {
        let place = self.places[row][feature.lookup]?;
        let view = self.service.lookups[feature.lookup].view;
        let item = self.reads.get(view)?.items.get(place)?.as_deref()?;
        item.is_visible(self.at[view]).then_some(item)
    }

    fn status(&self, row: usize, feature: &Feature) -> Status {
        match self.item(row, feature) {
            _ if self.timed_out => Status::TimeOut,
            Some(_) if feature.place.is_some() => Status::Present,
            _ => Status::MissingData,
        }
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
        write_list(0..self.rows(), out, |row, out| self.write_features(row, out));
        self.write_metadata(options, took, true, out);
        out.push(b'}');
    }

    fn write_features(&self, row: usize, out: &mut Vec<u8>) {
        out.extend_from_slice(b"{\"features\":");
        write_list(&self.layout.features, out, |feature, out| {
            self.write_value(row, feature, out)
        });
        out.push(b'}');
    }

    fn write_value(&self, row: usize, feature: &Feature, out: &mut Vec<u8>) {
        let value = self
            .item(row, feature)
            .map(|item| feature.place.and_then(|place| item.values.get(place)));
        match value {
            None | Some(None) if self.timed_out => out.extend_from_slice(b"null"),
            Some(Some(Value::Null)) | None if feature.is_count && self.coerce_counts => out.extend_from_slice(b"\"0\""),
            Some(Some(value)) => value.write_json(out),
            Some(None) | None => write_empty(feature.empty, out),
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
            let times = (0..self.rows()).filter_map(|row| self.item(row, feature));
            if let Some(at) = times.map(|item| item.timestamp).min() {
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
                    out.extend_from_slice(self.status(row, feature).json());
                });
            } else {
                out.extend_from_slice(self.status(0, feature).json());
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

/// The value of a key without an item: null, or a list of so many.
fn write_empty(nulls: Option<u32>, out: &mut Vec<u8>) {
    let Some(nulls) = nulls else {
        return out.extend_from_slice(b"null");
    };
    write_list(0..nulls, out, |_, out| out.extend_from_slice(b"null"));
}

fn write_text(text: &str, out: &mut Vec<u8>) {
    Value::write_text(text, out);
}

fn write_number(number: f64, out: &mut Vec<u8>) {
    Value::Float64(number).write_json(out);
}
