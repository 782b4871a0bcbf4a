//! The contract, as generators of bindings write it into a module.

use wit_component::{StringEncoding, embed_component_metadata};
use wit_parser::Resolve;

const CONTRACT: &str = include_str!("../../../wit/transform.wit");
const ADAPTER: &str = "package sandglass:closed; world adapter { import sandglass:transform/log@0.1.0; }";

/// What a module is of.
#[derive(Clone, Copy)]
pub(super) enum World {
    /// The whole contract.
    Transform,
    /// The log alone.
    Adapter,
}

/// Writes what a module imports and exports, in terms of the component model, into it.
pub(super) fn embed(module: &mut Vec<u8>, world: World) -> Result<(), String> {
    let mut resolve = Resolve::default();
    let wrong = |error| format!("the contract: {error:#}");
    let mut package = resolve.push_source("transform.wit", CONTRACT).map_err(wrong)?;
    if matches!(world, World::Adapter) {
        package = resolve.push_source("closed.wit", ADAPTER).map_err(wrong)?;
    }
    let world = resolve.select_world(&[package], None).map_err(wrong)?;
    embed_component_metadata(module, &resolve, world, StringEncoding::UTF8).map_err(wrong)
}
