//! Where files lie: in folders of this machine, or among the objects of a bucket of S3.
//!
//! A [`Place`] is one or the other, and is worked with in the same words: what is put is there whole or not at all, is on the disk when that
//! is told, and of several who create one file one does. Its functions wait for the disk or the network, as those of [`std::fs`] do; requests
//! to S3 run on threads of their own, so they may be called from anywhere. Plans and tables take [`Place::store`] and wait for nobody.

mod bucket;
mod durable;
mod error;
mod log;
mod pieces;
mod place;
mod reader;

pub use error::StorageError;
pub(crate) use log::log_store;
pub use place::Place;
pub(crate) use place::modified;
