//! Serving: what a request asks for is read by one multi-key read of what is live, and answered as Tecton's clients read it.
//!
//! 1. [`VectorRequest`] is a request in either spelling, with all its bounds; [`request`] reads it.
//! 2. [`Catalog`] holds the services of one application; a [`Layout`] is a service's features as the generations have them
//!    that were read, so that no answer mixes two of them.
//! 3. A [`RequestHost`] runs request views: on the values that were read and on what the request brings along.
//! 4. [`Serving`] reads and answers; [`Vectors`] are the answer, which is written without trees of values in between.
//!
//! Law: an answer is what training data gives for a row with the same keys at the same time.

mod answer;
mod catalog;
mod error;
mod metadata;
mod request;
mod requests;
mod rows;
mod serve;
#[cfg(test)]
pub(crate) mod tests;
mod types;

pub use answer::Vectors;
pub use catalog::{Catalog, Feature, FeaturePlace, InputPlace, Layout, Place, Service, ServiceRequest};
pub use error::ServeError;
pub use request::{
    BATCH_ROWS_MAX, BatchRequest, Fields, MetadataOptions, MetadataRequest, RequestError, RequestOptions, RowRequest,
    VectorRequest, read,
};
pub use requests::{LoadComponent, RequestHost, ServedRequest};
pub(crate) use serve::Asked;
pub use serve::{Clock, Serving};
pub use types::ClientType;
