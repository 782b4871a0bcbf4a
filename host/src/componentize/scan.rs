//! What a core module has by name, and what is missing of it, before wit-component says so in its own terms.

use wasmparser::{ExternalKind, Parser, Payload};

use super::{WASI, names};

/// Names in a core module.
pub(super) struct Module {
    imports: Vec<(String, String)>,
    functions: Vec<String>,
    has_memory: bool,
    /// Whether a generator of bindings wrote the contract into it.
    pub(super) has_contract: bool,
}

impl Module {
    pub(super) fn of(bytes: &[u8]) -> Result<Self, String> {
        let mut found = Self {
            imports: Vec::new(),
            functions: Vec::new(),
            has_memory: false,
            has_contract: false,
        };
        for payload in Parser::new(0).parse_all(bytes) {
            match payload.map_err(|error| format!("it is not a WebAssembly module: {error}"))? {
                Payload::ImportSection(section) => {
                    for import in section.into_imports() {
                        let import = import.map_err(|error| error.to_string())?;
                        found.imports.push((import.module.to_owned(), import.name.to_owned()));
                    }
                }
                Payload::ExportSection(section) => {
                    for export in section {
                        let export = export.map_err(|error| error.to_string())?;
                        match export.kind {
                            ExternalKind::Func => found.functions.push(export.name.to_owned()),
                            ExternalKind::Memory => found.has_memory |= export.name == "memory",
                            _ => {}
                        }
                    }
                }
                Payload::CustomSection(section) => {
                    found.has_contract |= section.name().starts_with("component-type");
                }
                _ => {}
            }
        }
        Ok(found)
    }

    pub(super) fn imports_from(&self, module: &str) -> bool {
        self.imports.iter().any(|(from, _)| from == module)
    }

    /// Whether plain names are the contract's functions. Where one has the contract's own name, all have: a function named `open` is
    /// somebody else's then.
    pub(super) fn exports_plain(&self) -> bool {
        !self.functions.iter().any(|function| names::is_real(function))
    }

    /// Whether a module without a contract has all functions, by their plain names or the contract's, and imports nothing that
    /// is not there.
    pub(super) fn check(&self) -> Result<(), String> {
        let exports_plain = self.exports_plain();
        let exports = |plain: &str| {
            let name = names::export(plain).filter(|_| !exports_plain);
            let name = name.as_deref().unwrap_or(plain);
            self.functions.iter().any(|function| function == name)
        };
        if exports("_start") {
            return Err(
                "it is a program with a `_start`, not a library; build it as a reactor (C: `-mexec-model=reactor`, \
                 Go: `-buildmode=c-shared`)"
                    .to_owned(),
            );
        }
        let functions = names::EXPORTS.iter().map(|(plain, _)| *plain);
        let mut missing: Vec<&str> = functions
            .chain(["cabi_realloc"])
            .filter(|name| !exports(name))
            .collect();
        // A run without a destructor keeps what it holds until its instance ends, which is soon.
        missing.retain(|name| *name != "run_drop");
        if !missing.is_empty() {
            return Err(format!(
                "it does not export {}; a guest SDK does, or bindings made from the contract",
                list(&missing)
            ));
        }
        if !self.has_memory {
            return Err("it does not export its memory as `memory`".to_owned());
        }
        let is_known = |(module, name): &&(String, String)| match module.as_str() {
            WASI => true,
            names::PLAIN => names::IMPORTS.iter().any(|(plain, ..)| plain == name),
            module => module.starts_with("sandglass:transform/") || module.starts_with("[export]sandglass:transform/"),
        };
        let foreign = self.imports.iter().filter(|import| !is_known(import));
        let foreign: Vec<String> = foreign.map(|(module, name)| format!("{module}.{name}")).collect();
        if foreign.is_empty() {
            return Ok(());
        }
        let foreign: Vec<&str> = foreign.iter().map(String::as_str).collect();
        Err(format!(
            "it imports {}, which nobody has; a function that is declared and not linked in becomes such an import",
            list(&foreign)
        ))
    }
}

fn list(names: &[&str]) -> String {
    let shown: Vec<String> = names
        .iter()
        .take(10)
        .map(|name| format!("`{}`", name.escape_debug()))
        .collect();
    let more = names.len() - shown.len();
    match more {
        0 => shown.join(", "),
        _ => format!("{} and {more} more", shown.join(", ")),
    }
}
