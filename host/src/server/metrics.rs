//! What `/metrics` shows, in the text format of OpenMetrics. Labels are names of services and views that exist, so that no client can
//! make more of them.

use std::collections::{BTreeMap, HashMap};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::Duration;

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::{Family, MetricConstructor};
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::Registry;

use crate::online::{CacheCounts, Requests};
use crate::serving::{Service, Vectors};
use crate::time::Timestamp;

/// Seconds, from what a read out of memory takes to the longest that a request may.
const SECONDS: [f64; 15] = [
    0.000_05, 0.000_1, 0.000_2, 0.000_5, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5,
];

type Floating = Gauge<f64, AtomicU64>;

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Request {
    call: &'static str,
    service: String,
    status: u16,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OfService {
    service: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OfView {
    view: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OfOperation {
    operation: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OfReason {
    reason: String,
}

/// What the online store asks of a service, if it is one.
struct StoreMetrics {
    requests: Family<OfOperation, Counter>,
    retries: Family<OfReason, Counter>,
    read_units: Counter<f64, AtomicU64>,
    write_units: Counter<f64, AtomicU64>,
}

impl StoreMetrics {
    fn new(registry: &mut Registry) -> Self {
        let (requests, retries) = (Family::default(), Family::default());
        let (read_units, write_units) = (Counter::default(), Counter::default());
        registry.register(
            "store_requests",
            "Requests to the online store's service",
            Family::clone(&requests),
        );
        registry.register(
            "store_retries",
            "Requests that were sent again, by why",
            Family::clone(&retries),
        );
        registry.register(
            "store_read_units",
            "Read units that the service counts",
            Counter::clone(&read_units),
        );
        registry.register(
            "store_write_units",
            "Write units that the service counts",
            Counter::clone(&write_units),
        );
        Self {
            requests,
            retries,
            read_units,
            write_units,
        }
    }

    fn set(&self, asked: Requests) {
        for (operation, count) in asked.sent {
            let of = OfOperation { operation };
            self.requests.get_or_create(&of).inner().store(count, Ordering::Relaxed);
        }
        for (reason, count) in asked.again {
            let of = OfReason { reason };
            self.retries.get_or_create(&of).inner().store(count, Ordering::Relaxed);
        }
        let set = |counter: &Counter<f64, AtomicU64>, halves: u64| {
            let units = halves as f64 / 2.0;
            counter.inner().store(units.to_bits(), Ordering::Relaxed);
        };
        set(&self.read_units, asked.read_half_units);
        set(&self.write_units, asked.write_half_units);
    }
}

#[derive(Clone)]
struct Seconds;

impl MetricConstructor<Histogram> for Seconds {
    fn new_metric(&self) -> Histogram {
        Histogram::new(SECONDS)
    }
}

/// All metrics of a server.
pub(super) struct Metrics {
    registry: Mutex<Registry>,
    requests: Family<Request, Counter>,
    latency: Family<OfService, Histogram, Seconds>,
    reads: Family<OfView, Histogram, Seconds>,
    guest: Family<OfView, Histogram, Seconds>,
    guest_failed: Family<OfView, Counter>,
    fresh: Mutex<BTreeMap<String, Timestamp>>,
    through: Family<OfView, Floating>,
    age: Family<OfView, Floating>,
    connections: Gauge,
    in_flight: Gauge,
    cache_hits: Counter,
    cache_misses: Counter,
    cache_items: Gauge,
    cache_bytes: Gauge,
    store: StoreMetrics,
    /// Handles by call and service, so that a request looks up one name.
    services: RwLock<HashMap<&'static str, HashMap<String, Arc<ServiceMetrics>>>>,
}

/// What every answered request of a service counts.
struct ServiceMetrics {
    requests: Counter,
    latency: Histogram,
    reads: Vec<(String, Histogram)>,
    guests: Vec<(String, Histogram, Counter)>,
}

impl ServiceMetrics {
    fn is_of(&self, service: &Service) -> bool {
        let views = service.views.iter().map(|view| &view.definition.name);
        let requests = service
            .requests
            .iter()
            .map(|request| &request.served.compiled.view.name);
        views.eq(self.reads.iter().map(|(view, _)| view)) && requests.eq(self.guests.iter().map(|(view, ..)| view))
    }
}

/// A connection that is open.
pub(super) struct Open(Gauge);

impl Drop for Open {
    fn drop(&mut self) {
        self.0.dec();
    }
}

impl Metrics {
    pub(super) fn new() -> Self {
        let mut registry = Registry::with_prefix("sandglass");
        let requests = Family::default();
        registry.register(
            "requests",
            "Requests by call, service and HTTP status",
            requests.clone(),
        );
        let latency = Family::new_with_constructor(Seconds);
        registry.register("request_seconds", "Time to answer, by service", latency.clone());
        let reads = Family::new_with_constructor(Seconds);
        registry.register(
            "read_seconds",
            "Time of the store's read that a view was part of",
            reads.clone(),
        );
        let guest = Family::new_with_constructor(Seconds);
        registry.register(
            "guest_seconds",
            "Time inside the guest of a request view, for each request",
            guest.clone(),
        );
        let guest_failed = Family::default();
        registry.register(
            "guest_failed_rows",
            "Rows without features because the guest of a request view failed",
            guest_failed.clone(),
        );
        let through = Family::default();
        registry.register(
            "view_through_timestamp_seconds",
            "Through which time a view is materialized and online, in seconds since 1970",
            through.clone(),
        );
        let age = Family::default();
        registry.register(
            "view_age_seconds",
            "How long ago the time is through which a view is online",
            age.clone(),
        );
        let connections = Gauge::default();
        registry.register("connections", "Open connections", connections.clone());
        let in_flight = Gauge::default();
        registry.register(
            "requests_in_flight",
            "Requests for features that are being answered",
            in_flight.clone(),
        );
        let (cache_hits, cache_misses) = (Counter::default(), Counter::default());
        registry.register("item_cache_hits", "Items that were in memory", cache_hits.clone());
        registry.register(
            "item_cache_misses",
            "Items that were read from the store",
            cache_misses.clone(),
        );
        let (cache_items, cache_bytes) = (Gauge::default(), Gauge::default());
        registry.register("item_cache_items", "Items in memory", cache_items.clone());
        registry.register("item_cache_bytes", "Bytes of items in memory", cache_bytes.clone());
        let store = StoreMetrics::new(&mut registry);
        Self {
            registry: Mutex::new(registry),
            requests,
            latency,
            reads,
            guest,
            guest_failed,
            fresh: Mutex::default(),
            through,
            age,
            connections,
            in_flight,
            cache_hits,
            cache_misses,
            cache_items,
            cache_bytes,
            store,
            services: RwLock::default(),
        }
    }

    pub(super) fn connection(&self) -> Open {
        self.connections.inc();
        Open(self.connections.clone())
    }

    /// Another request; `service` is one that exists, or nothing.
    pub(super) fn request(&self, call: &'static str, service: &str, status: u16) {
        let labels = Request {
            call,
            service: service.to_owned(),
            status,
        };
        self.requests.get_or_create(&labels).inc();
    }

    /// A request for features that was answered.
    pub(super) fn answered(&self, call: &'static str, vectors: &Vectors, took: Duration) {
        let service = vectors.service();
        let known = {
            let services = self.services.read().unwrap_or_else(PoisonError::into_inner);
            let known = services.get(call).and_then(|services| services.get(&service.name));
            known.filter(|known| known.is_of(service)).cloned()
        };
        let known = known.unwrap_or_else(|| {
            let reads = service.views.iter().map(|view| {
                let view = view.definition.name.clone();
                let reads = self.reads.get_or_create_owned(&OfView { view: view.clone() });
                (view, reads)
            });
            let guests = service.requests.iter().map(|request| {
                let view = request.served.compiled.view.name.clone();
                let of = OfView { view: view.clone() };
                let seconds = self.guest.get_or_create_owned(&of);
                (view, seconds, self.guest_failed.get_or_create_owned(&of))
            });
            let of = OfService {
                service: service.name.clone(),
            };
            let request = Request {
                call,
                service: service.name.clone(),
                status: 200,
            };
            let made = Arc::new(ServiceMetrics {
                requests: self.requests.get_or_create_owned(&request),
                latency: self.latency.get_or_create_owned(&of),
                reads: reads.collect(),
                guests: guests.collect(),
            });
            let mut services = self.services.write().unwrap_or_else(PoisonError::into_inner);
            let of_call = services.entry(call).or_default();
            of_call.insert(service.name.clone(), Arc::clone(&made));
            made
        });
        known.requests.inc();
        known.latency.observe(took.as_secs_f64());
        let read = vectors.store_time().as_secs_f64();
        known.reads.iter().for_each(|(_, reads)| reads.observe(read));
        for ((_, seconds, failed), (guest_time, rows)) in known.guests.iter().zip(vectors.guests()) {
            if let Some(guest_time) = guest_time {
                seconds.observe(guest_time.as_secs_f64());
            }
            failed.inc_by(rows as u64);
        }
    }

    /// Through which time views are online; none where that cannot be told now, and then the last time stands. Others are forgotten.
    pub(super) fn fresh(&self, views: impl Iterator<Item = (String, Option<Option<Timestamp>>)>) {
        let mut fresh = self.fresh.lock().unwrap_or_else(PoisonError::into_inner);
        let found = views.filter_map(|(view, through)| {
            let through = through.unwrap_or_else(|| fresh.get(&view).copied())?;
            Some((view, through))
        });
        *fresh = found.collect();
    }

    /// All of it as text.
    pub(super) fn text(
        &self,
        (cache, asked): (CacheCounts, Requests),
        in_flight: usize,
        now: Timestamp,
    ) -> Result<String, std::fmt::Error> {
        self.through.clear();
        self.age.clear();
        let seconds = |micros: i64| micros as f64 / 1e6;
        for (view, through) in self.fresh.lock().unwrap_or_else(PoisonError::into_inner).iter() {
            let of = OfView { view: view.clone() };
            self.through.get_or_create(&of).set(seconds(through.micros()));
            self.age.get_or_create(&of).set(seconds(now.since(*through).micros()));
        }
        self.in_flight.set(i64::try_from(in_flight).unwrap_or(i64::MAX));
        self.cache_hits.inner().store(cache.hits, Ordering::Relaxed);
        self.cache_misses.inner().store(cache.misses, Ordering::Relaxed);
        self.cache_items.set(i64::try_from(cache.items).unwrap_or(i64::MAX));
        self.cache_bytes.set(i64::try_from(cache.bytes).unwrap_or(i64::MAX));
        self.store.set(asked);
        let mut text = String::new();
        encode(&mut text, &self.registry.lock().unwrap_or_else(PoisonError::into_inner))?;
        Ok(text)
    }
}
