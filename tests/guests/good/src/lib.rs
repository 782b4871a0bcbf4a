//! Transformations that the host's tests run, one behaviour each.

mod joins;
mod merchants;
mod misbehaving;
mod requests;
mod rows;

use joins::{daily_total, two_inputs};
use merchants::{distinct_merchants, distinct_merchants_own_filter};
use misbehaving::{fails, hungry, loops, outside, traps_on_negative, traps_on_negative_aligned};
use requests::{echo_context, remembers, risk, transaction_amount_is_high, transaction_amount_is_higher_than_average};
use rows::{explode, nans, passthrough, reject_negative, short};

sandglass_guest::export!(
    daily_total,
    distinct_merchants,
    distinct_merchants_own_filter,
    echo_context,
    explode,
    fails,
    hungry,
    loops,
    nans,
    outside,
    passthrough,
    reject_negative,
    remembers,
    risk,
    short,
    transaction_amount_is_high,
    transaction_amount_is_higher_than_average,
    traps_on_negative,
    traps_on_negative_aligned,
    two_inputs,
);
