//! What wasmtime makes of the contract. Nothing outside the crate sees these types.
#![allow(
    missing_docs,
    unreachable_pub,
    unsafe_code,
    clippy::all,
    clippy::allow_attributes,
    reason = "the whole file is generated, by wasmtime's own macro"
)]

wasmtime::component::bindgen!({
    path: "../../wit",
    world: "transform",
    ownership: Borrowing { duplicate_if_necessary: true },
    imports: { default: trappable },
});
