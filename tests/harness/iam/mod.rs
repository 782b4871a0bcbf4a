//! Policies of AWS IAM against the requests that commands make.

mod objects;
mod policy;
mod recorder;

pub use objects::{if_missing, of_objects};
pub use policy::{Policy, Right};
pub use recorder::Recorder;

/// Whose everything is, as moto has it.
pub const ACCOUNT: &str = "123456789012";
