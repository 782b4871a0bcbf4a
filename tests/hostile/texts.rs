//! Components from the texts in `tests/guests/hostile/wat`. What a text leaves to be honest, by a line `;; honest <part>`,
//! is put in here.

use wit_component::{ComponentEncoder, StringEncoding, embed_component_metadata};
use wit_parser::Resolve;

/// Two pages, and room in the second for what the host hands in.
const MEMORY: &str = r#"
(memory (export "memory") 2)
(func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32) (i32.const 65536))
"#;

/// The answer of `describe`, as the canonical ABI has it: at 16 the result, at 32 one contract, at 96 its input, at 128 the
/// column of both input and output, at 256 names.
const DATA: &str = r#"
(data (i32.const 16) "\00\00\00\00" "\20\00\00\00" "\01\00\00\00")
(data (i32.const 32)
    "\00\01\00\00" "\04\00\00\00"  ;; name
    "\00\00\00\00" "\00\00\00\00"  ;; doc
    "\60\00\00\00" "\01\00\00\00"  ;; inputs
    "\80\00\00\00" "\01\00\00\00"  ;; output
    "\03\00\00\00"                 ;; scope: interval
    "\00\00\00\00" "\00\00\00\00"  ;; parameters
    "\00\00\00\00" "\00\00\00\00") ;; properties
(data (i32.const 96)
    "\00\01\00\00" "\04\00\00\00"  ;; name
    "\80\00\00\00" "\01\00\00\00"  ;; columns
    "\00\00\00\00" "\00\00\00\00") ;; keys
(data (i32.const 128)
    "\04\01\00\00" "\02\00\00\00"  ;; name
    "\04\00\00\00" "\00\00\00\00"  ;; kind: int64
    "\00\00\00\00"                 ;; nullable
    "\00\00\00\00")                ;; children
(data (i32.const 256) "liar" "id")
"#;

const DESCRIBE: &str = r#"
(func (export "sandglass:transform/transformation@0.1.0#describe") (result i32) (i32.const 16))
"#;

const OPEN: &str = r#"
(func (export "sandglass:transform/transformation@0.1.0#open")
    (param i32 i32 i32 i64 i64 i32 i32 i32 i32 i32 i32 i32) (result i32) unreachable)
"#;

const CALLS: &str = r#"
(func (export "sandglass:transform/transformation@0.1.0#[method]run.push")
    (param i32 i32 i32 i32 i32 i32 i32) (result i32) unreachable)
(func (export "sandglass:transform/transformation@0.1.0#[method]run.end-keys") (param i32) (result i32) unreachable)
(func (export "sandglass:transform/transformation@0.1.0#[method]run.finish") (param i32) (result i32) unreachable)
(func (export "sandglass:transform/transformation@0.1.0#[method]run.next") (param i32) (result i32) unreachable)
"#;

/// The component of a text, by its file's name.
pub fn component(name: &str) -> Vec<u8> {
    let path = crate::harness::repository().join(format!("tests/guests/hostile/wat/{name}.wat"));
    let text = std::fs::read_to_string(path).unwrap();
    encode(&text).unwrap_or_else(|error| panic!("{name}: {error:#}"))
}

/// The bytes of a text as they are.
pub fn raw(name: &str) -> Vec<u8> {
    let path = crate::harness::repository().join(format!("tests/guests/hostile/wat/{name}.wat"));
    wat::parse_file(path).unwrap()
}

/// The honest component with this in its core module too.
pub fn honest_with(items: &str) -> Vec<u8> {
    encode(&format!("(module {MEMORY} {DATA} {DESCRIBE} {OPEN} {CALLS} {items})")).unwrap()
}

fn encode(text: &str) -> Result<Vec<u8>, String> {
    let whole: String = text.lines().map(|line| part(line).to_owned() + "\n").collect();
    let mut bytes = wat::parse_str(whole).map_err(|error| error.to_string())?;
    let is_component = bytes[4..8] != [1, 0, 0, 0];
    if is_component {
        return Ok(bytes);
    }
    let mut resolve = Resolve::default();
    let contract = crate::harness::repository().join("wit/transform.wit");
    let package = resolve.push_file(contract).map_err(|error| format!("{error:#}"))?;
    let world = resolve
        .select_world(&[package], None)
        .map_err(|error| format!("{error:#}"))?;
    embed_component_metadata(&mut bytes, &resolve, world, StringEncoding::UTF8)
        .map_err(|error| format!("{error:#}"))?;
    // Not validated: that is the host's part.
    ComponentEncoder::default()
        .module(&bytes)
        .and_then(|mut encoder| encoder.encode())
        .map_err(|error| format!("{error:#}"))
}

fn part(line: &str) -> String {
    match line.trim().strip_prefix(";; honest ") {
        Some("memory") => MEMORY.to_owned(),
        Some("data") => DATA.to_owned(),
        Some("contract") => format!("{DATA}{DESCRIBE}"),
        Some("calls") => CALLS.to_owned(),
        Some("run") => format!("{OPEN}{CALLS}"),
        _ => line.to_owned(),
    }
}
