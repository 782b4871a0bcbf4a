//! Definitions: the text of `sandglass.toml`, its problems, and the valid [`Project`] that comes of it.

mod aggregations;
mod buckets;
mod checks;
mod context;
mod dynamodb;
mod entities;
mod keys;
mod model;
mod parse;
mod partitions;
mod problem;
mod reader;
mod requests;
mod schema;
mod secrets;
mod services;
mod sources;
mod stores;
mod tables;
mod views;

pub use buckets::{BucketAt, split as split_bucket};
pub use context::{CaseContext, CaseInput, ParsedContext, parse_context};
pub use dynamodb::{BillingMode, CONTROL_TABLE, DynamoDb, SHARED_TABLE, SHARED_TABLE_ITEMS, Staging};
pub use model::{
    AggregatedFeature, Aggregations, COMPRESSED, Entity, FeatureService, FeatureView, Float, Format, JoinKey, KeyKind,
    LimitsOverride, Meta, OnlineLoad, ParameterText, Project, ServiceFeatures, Source, TimestampUnit, Transformation,
    Trigger, ViewSource, before_pattern,
};
pub use parse::{Parsed, parse};
pub use partitions::{Partition, Partitions};
pub use problem::{Problem, Problems};
pub(crate) use problem::{list, similar};
pub use requests::{ContextField, ContextKind, InputFrom, RequestView};
pub use schema::schema;
pub use secrets::{Secret, SecretKeys};
pub use services::{
    FeatureFrom, Lookup, RequestKey, ResolvedFeature, ResolvedRequest, ResolvedService, ServiceFeaturesError,
    ServiceProblem, Told,
};
pub use stores::{OnlineStoreKind, Stores};
pub use tables::{ColumnKind, INGESTED, TableColumn, ValueKind};
