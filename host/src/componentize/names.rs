//! Plain names for the contract's. The component model's names have characters that languages' compilers cannot write as those of a
//! function (`sandglass:transform/transformation@0.1.0#[method]run.push`), so a module may say `run_push`. One that can write them may use
//! the contract's.

use wasm_encoder::reencode::{Reencode, RoundtripReencoder};
use wasm_encoder::{ExportSection, ImportSection, Module, RawSection};
use wasmparser::{ExternalKind, Parser, Payload};

use super::WASI;

/// The module that plain imports are from.
pub(super) const PLAIN: &str = "sandglass";

const TRANSFORMATION: &str = "sandglass:transform/transformation@0.1.0";

/// Functions that a module exports, by their plain names, and what they are in the interface.
pub(super) const EXPORTS: [(&str, &str); 7] = [
    ("describe", "describe"),
    ("open", "open"),
    ("run_push", "[method]run.push"),
    ("run_end_keys", "[method]run.end-keys"),
    ("run_finish", "[method]run.finish"),
    ("run_next", "[method]run.next"),
    ("run_drop", "[dtor]run"),
];

/// Functions that a module may import from [`PLAIN`], by their plain names.
pub(super) const IMPORTS: [(&str, &str, &str); 6] = [
    ("log", "sandglass:transform/log@0.1.0", "log"),
    (
        "run_new",
        "[export]sandglass:transform/transformation@0.1.0",
        "[resource-new]run",
    ),
    ("set_clock", WASI, "sandglass_set_clock"),
    ("set_seed", WASI, "sandglass_set_seed"),
    ("set_line_buffer", WASI, "sandglass_set_line_buffer"),
    ("flush", WASI, "sandglass_flush"),
];

/// Whether an export has one of the contract's names.
pub(super) fn is_real(name: &str) -> bool {
    name.strip_prefix("cabi_post_")
        .unwrap_or(name)
        .starts_with(TRANSFORMATION)
}

/// The contract's name for an export, if it is a plain one.
pub(super) fn export(name: &str) -> Option<String> {
    let (prefix, plain) = match name.strip_prefix("after_") {
        Some(plain) => ("cabi_post_", plain),
        None => ("", name),
    };
    let (_, real) = EXPORTS.iter().find(|(other, _)| *other == plain)?;
    Some(format!("{prefix}{TRANSFORMATION}#{real}"))
}

/// The module with the contract's names; all else stays as it is, byte for byte. Exports are functions of plain names, or are left as
/// they are.
pub(super) fn rename(bytes: &[u8], plain_exports: bool) -> Result<Vec<u8>, String> {
    let mut module = Module::new();
    let mut types = RoundtripReencoder;
    for payload in Parser::new(0).parse_all(bytes) {
        let payload = payload.map_err(|error| error.to_string())?;
        match payload {
            Payload::ImportSection(section) => {
                let mut imports = ImportSection::new();
                for import in section.into_imports() {
                    let import = import.map_err(|error| error.to_string())?;
                    let entity = types.entity_type(import.ty).map_err(|error| error.to_string())?;
                    let plain = (import.module == PLAIN)
                        .then(|| IMPORTS.iter().find(|(name, ..)| *name == import.name))
                        .flatten();
                    match plain {
                        Some((_, from, name)) => imports.import(from, name, entity),
                        None => imports.import(import.module, import.name, entity),
                    };
                }
                module.section(&imports);
            }
            Payload::ExportSection(section) => {
                let mut exports = ExportSection::new();
                for item in section {
                    let item = item.map_err(|error| error.to_string())?;
                    let kind = types.export_kind(item.kind).map_err(|error| error.to_string())?;
                    let is_plain = plain_exports && item.kind == ExternalKind::Func;
                    let renamed = is_plain.then(|| export(item.name)).flatten();
                    exports.export(renamed.as_deref().unwrap_or(item.name), kind, item.index);
                }
                module.section(&exports);
            }
            other => {
                if let Some((id, range)) = other.as_section() {
                    let data = bytes.get(range).ok_or("a section that ends after the module")?;
                    module.section(&RawSection { id, data });
                }
            }
        }
    }
    Ok(module.finish())
}
