//! From what a language's compiler makes to a component of the closed world.
//!
//! A component stays as it is. A core module becomes one: its plain names become the contract's ([`names`]), the contract is written
//! into it unless a generator of bindings did so ([`contract`]), and the calls of WASI preview 1 that its standard library makes are
//! answered inside of the component, the same way every time, by the closed adapter (`closed.wat`). What comes out imports
//! nothing but the contract's `log` and `types`, and depends on nothing but the module's bytes.

mod contract;
mod names;
mod scan;
#[cfg(test)]
mod tests;

use wit_component::ComponentEncoder;

use self::scan::Module;

/// The module that standard libraries import their system from.
const WASI: &str = "wasi_snapshot_preview1";

/// The adapter that closes WASI preview 1.
const CLOSED: &str = include_str!("closed.wat");

/// A component of a component's or a core module's bytes; what is wrong with them otherwise, in words for who built them.
pub(crate) fn componentize(bytes: Vec<u8>) -> Result<Vec<u8>, String> {
    // The fifth to eighth byte tell a module (version 1) from a component (layer 1).
    let is_module = bytes.get(..8) == Some(b"\0asm\x01\0\0\0");
    if !is_module {
        return Ok(bytes);
    }
    let module = Module::of(&bytes)?;
    let bytes = if module.has_contract {
        bytes
    } else {
        module.check()?;
        let mut renamed = names::rename(&bytes, module.exports_plain())?;
        contract::embed(&mut renamed, contract::World::Transform)?;
        renamed
    };
    let needs_wasi = module.imports_from(WASI) || module.imports_from(names::PLAIN);
    encode(&bytes, needs_wasi)
}

fn encode(module: &[u8], needs_wasi: bool) -> Result<Vec<u8>, String> {
    // The whole chain: what it says last is what is wrong.
    let adapter = if needs_wasi { Some(adapter()?) } else { None };
    let encoder = ComponentEncoder::default().validate(true).module(module);
    let encoder = match &adapter {
        Some(adapter) => encoder.and_then(|encoder| encoder.adapter(WASI, adapter)),
        None => encoder,
    };
    encoder
        .and_then(|mut encoder| encoder.encode())
        .map_err(|error| format!("{error:#}"))
}

/// The adapter as a module that imports the contract's log.
fn adapter() -> Result<Vec<u8>, String> {
    let mut module = wat::parse_str(CLOSED).map_err(|error| format!("the adapter: {error}"))?;
    contract::embed(&mut module, contract::World::Adapter)?;
    Ok(module)
}
