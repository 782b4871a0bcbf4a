//! Transformations that the host's tests run, one behaviour each.

mod joins;
mod merchants;
mod misbehaving;
mod rows;

use joins::{daily_total, two_inputs};
use merchants::{distinct_merchants, distinct_merchants_own_filter};
use misbehaving::{fails, hungry, loops, outside, traps_on_negative, traps_on_negative_aligned};
use rows::{explode, nans, passthrough, reject_negative, short};

sandglass_guest::export!(
    daily_total,
    distinct_merchants,
    distinct_merchants_own_filter,
    explode,
    fails,
    hungry,
    loops,
    nans,
    outside,
    passthrough,
    reject_negative,
    short,
    traps_on_negative,
    traps_on_negative_aligned,
    two_inputs,
);
