//! What can be told of a component before it is compiled: its imports, and whether it is of a size that is worth compiling.
//! One pass over the bytes, without recursion; nothing is built from them.

use wasmparser::{Encoding, Parser, Payload};

use crate::component::LoadError;

/// What the scan found.
#[derive(Debug, Default)]
pub(crate) struct Scan {
    /// Names of what the component imports.
    pub(crate) imports: Vec<String>,
}

/// Modules and components inside one another.
const DEPTH_MAX: u64 = 16;
/// An interpreter's component has some 40.
const MODULES_MAX: u64 = 128;
/// CPython with its libraries has about 20,000 functions.
const FUNCTIONS_MAX: u64 = 200_000;
/// The largest of an interpreter's functions has about 200 KiB. Compiling takes more than linear time in this.
const FUNCTION_BYTES_MAX: u64 = 2 << 20;
/// Types, imports, exports, globals, tables, memories, elements and data segments, together.
const ITEMS_MAX: u64 = 500_000;

#[derive(Default)]
struct Counts {
    depth: u64,
    modules: u64,
    functions: u64,
    items: u64,
}

impl Counts {
    fn enter(&mut self) -> Result<(), LoadError> {
        self.depth += 1;
        self.modules += 1;
        within("modules and components inside one another", self.depth, DEPTH_MAX)?;
        within("modules and components", self.modules, MODULES_MAX)
    }

    fn items(&mut self, count: u32) -> Result<(), LoadError> {
        self.items += u64::from(count);
        within("types, imports, exports and other items", self.items, ITEMS_MAX)
    }
}

fn within(what: &'static str, used: u64, allowed: u64) -> Result<(), LoadError> {
    if used <= allowed {
        return Ok(());
    }
    Err(LoadError::TooMany { what, used, allowed })
}

pub(crate) fn scan(bytes: &[u8]) -> Result<Scan, LoadError> {
    let wrong = |message: String| LoadError::NotAComponent { message };
    if !bytes.starts_with(b"\0asm") {
        return Err(wrong("it does not begin as WebAssembly does".to_owned()));
    }
    let mut found = Scan::default();
    let mut counts = Counts::default();
    for payload in Parser::new(0).parse_all(bytes) {
        match payload.map_err(|error| wrong(error.to_string()))? {
            Payload::Version {
                encoding: Encoding::Module,
                ..
            } if counts.depth == 0 => return Err(wrong("it is a core module".to_owned())),
            Payload::ModuleSection { .. } | Payload::ComponentSection { .. } => counts.enter()?,
            Payload::End(_) => counts.depth = counts.depth.saturating_sub(1),
            Payload::ComponentImportSection(section) => {
                counts.items(section.count())?;
                if counts.depth == 0 {
                    for import in section {
                        let import = import.map_err(|error| wrong(error.to_string()))?;
                        found.imports.push(import.name.name.to_owned());
                    }
                }
            }
            Payload::FunctionSection(section) => {
                counts.functions += u64::from(section.count());
                within("functions", counts.functions, FUNCTIONS_MAX)?;
            }
            Payload::CodeSectionEntry(body) => {
                let range = body.range();
                within(
                    "bytes in one function",
                    range.end.saturating_sub(range.start) as u64,
                    FUNCTION_BYTES_MAX,
                )?;
            }
            Payload::TypeSection(section) => counts.items(section.count())?,
            Payload::ImportSection(section) => counts.items(section.count())?,
            Payload::TableSection(section) => counts.items(section.count())?,
            Payload::MemorySection(section) => counts.items(section.count())?,
            Payload::GlobalSection(section) => counts.items(section.count())?,
            Payload::ExportSection(section) => counts.items(section.count())?,
            Payload::ElementSection(section) => counts.items(section.count())?,
            Payload::DataSection(section) => counts.items(section.count())?,
            Payload::InstanceSection(section) => counts.items(section.count())?,
            Payload::CoreTypeSection(section) => counts.items(section.count())?,
            Payload::ComponentInstanceSection(section) => counts.items(section.count())?,
            Payload::ComponentAliasSection(section) => counts.items(section.count())?,
            Payload::ComponentTypeSection(section) => counts.items(section.count())?,
            Payload::ComponentCanonicalSection(section) => counts.items(section.count())?,
            Payload::ComponentExportSection(section) => counts.items(section.count())?,
            _ => {}
        }
    }
    Ok(found)
}

/// The section of a component in which its build records the digest of its sources.
pub const SOURCES_SECTION: &str = "sandglass:sources";

/// What a component says of its sources; none if it says nothing, or not as a build would. Anybody may write it.
pub fn recorded_sources(bytes: &[u8]) -> Option<String> {
    let mut depth = 0u64;
    for payload in Parser::new(0).parse_all(bytes) {
        match payload.ok()? {
            Payload::ModuleSection { .. } | Payload::ComponentSection { .. } => depth += 1,
            Payload::End(_) => depth = depth.saturating_sub(1),
            Payload::CustomSection(section) if depth == 0 && section.name() == SOURCES_SECTION => {
                let text = std::str::from_utf8(section.data()).ok()?;
                let digits = text.strip_prefix("sha256:")?;
                let is_digest = digits.len() == 64 && digits.bytes().all(|digit| digit.is_ascii_hexdigit());
                return is_digest.then(|| text.to_owned());
            }
            _ => {}
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A section of a binary: its number and its bytes.
    fn section(id: u8, content: &[u8]) -> Vec<u8> {
        let mut bytes = vec![id];
        let mut length = content.len();
        loop {
            let low = (length & 0x7f) as u8;
            length >>= 7;
            bytes.push(if length == 0 { low } else { low | 0x80 });
            if length == 0 {
                break;
            }
        }
        bytes.extend(content);
        bytes
    }

    const COMPONENT: [u8; 8] = *b"\0asm\x0d\0\x01\0";
    const MODULE: [u8; 8] = *b"\0asm\x01\0\0\0";

    fn said(bytes: &[u8]) -> String {
        scan(bytes).map_or_else(|error| error.to_string(), |_| "taken".to_owned())
    }

    #[test]
    fn what_is_not_a_component_is_refused() {
        for (bytes, message) in [
            (&b""[..], "it does not begin as WebAssembly does"),
            (b"\0asn", "it does not begin as WebAssembly does"),
            (&MODULE, "it is a core module"),
            (b"\0asm\x0d\0", "unexpected end"),
        ] {
            assert!(said(bytes).contains(message), "{}", said(bytes));
        }
        assert_eq!(said(&COMPONENT), "taken");
    }

    #[test]
    fn nesting_has_an_end() {
        let mut bytes = COMPONENT.to_vec();
        for depth in 0..1_000 {
            let expected = if depth <= 16 { "taken" } else { "inside one another" };
            assert!(said(&bytes).contains(expected), "{depth}: {}", said(&bytes));
            bytes = [&COMPONENT[..], &section(4, &bytes)].concat();
        }
    }

    #[test]
    fn sources_are_read_back_from_the_component_itself() {
        let digest = format!("sha256:{}", "0f".repeat(32));
        let recorded = |digest: &str| {
            let content = [&[17][..], SOURCES_SECTION.as_bytes(), digest.as_bytes()].concat();
            section(0, &content)
        };
        let component = [&COMPONENT[..], &recorded(&digest)].concat();
        assert_eq!(recorded_sources(&component), Some(digest.clone()));
        assert_eq!(said(&component), "taken");
        let inner = [&COMPONENT[..], &section(4, &component)].concat();
        assert_eq!(recorded_sources(&inner), None);
        for other in ["", "sha256:", "\u{1b}[2J", &digest[..70]] {
            assert_eq!(recorded_sources(&[&COMPONENT[..], &recorded(other)].concat()), None);
        }
    }

    #[test]
    fn counts_have_an_end() {
        let module = section(1, &MODULE);
        let component = |count: usize| [&COMPONENT[..], &module.repeat(count)].concat();
        assert_eq!(said(&component(128)), "taken");
        assert!(
            said(&component(129)).contains("modules and components"),
            "{}",
            said(&component(129))
        );
    }
}
