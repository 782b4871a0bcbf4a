//! The transformations of the conformance kit, with the Rust SDK.

mod columns;
mod context;
mod keyed;
mod rebuild;
mod rows;

use columns::{pass, take};
use context::{context, parameters};
use keyed::{empty, joined, totals};
use rebuild::rebuild;
use rows::{fan_out, filter, speaks};

sandglass_guest::export!(
    pass, rebuild, take, filter, fan_out, totals, joined, parameters, context, speaks, empty
);
