//! Components of modules, and what is said of those that make none.

use super::super::*;

/// A module with these exports (functions without parameters) and imports.
fn module(exports: &[&str], imports: &[(&str, &str)], memory: bool) -> Vec<u8> {
    let imports = imports
        .iter()
        .map(|(module, name)| format!("(import \"{module}\" \"{name}\" (func))"));
    let exports = exports.iter().map(|name| format!("(func (export \"{name}\"))"));
    let memory = if memory { "(memory (export \"memory\") 1)" } else { "" };
    let text: Vec<String> = imports.chain(exports).chain([memory.to_owned()]).collect();
    wat::parse_str(format!("(module {})", text.join(" "))).unwrap()
}

/// A module with all exports, of the right types, and something besides.
fn whole(besides: &str) -> Vec<u8> {
    wat::parse_str(whole_text(besides)).unwrap()
}

fn whole_text(besides: &str) -> String {
    let push = "(param i32 i32 i32 i32 i32 i32 i32)";
    let open = "(param i32 i32 i32 i64 i64 i32 i32 i32 i32 i32 i32 i32)";
    format!(
        r#"(module {besides} (memory (export "memory") 1)
        (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32) unreachable)
        (func (export "describe") (result i32) unreachable)
        (func (export "after_describe") (param i32))
        (func (export "open") {open} (result i32) unreachable)
        (func (export "run_push") {push} (result i32) unreachable)
        (func (export "run_end_keys") (param i32) (result i32) unreachable)
        (func (export "run_finish") (param i32) (result i32) unreachable)
        (func (export "run_next") (param i32) (result i32) unreachable)
        (func (export "after_run_next") (param i32))
        (func (export "run_drop") (param i32)))"#
    )
}

/// Whatever a module imports, its component imports the log, if at all, and types.
#[test]
fn modules_of_plain_names_make_components_of_the_closed_world() {
    let log = "(import \"sandglass\" \"log\" (func (param i32 i32 i32)))";
    let run_new = "(import \"sandglass\" \"run_new\" (func (param i32) (result i32)))";
    let write = "(import \"wasi_snapshot_preview1\" \"fd_write\" (func (param i32 i32 i32 i32) (result i32)))";
    let clock = "(import \"sandglass\" \"set_clock\" (func (param i64)))";
    let (types, logs) = ("sandglass:transform/types@0.1.0", "sandglass:transform/log@0.1.0");
    for (besides, imports) in [
        (String::new(), vec![types]),
        (run_new.to_owned(), vec![types]),
        (clock.to_owned(), vec![types]),
        (log.to_owned(), vec![types, logs]),
        (write.to_owned(), vec![types, logs]),
        ([log, run_new, write, clock].concat(), vec![types, logs]),
    ] {
        let component = componentize(whole(&besides)).unwrap();
        assert_eq!(component, componentize(whole(&besides)).unwrap(), "the same every time");
        let limits = sandglass_runtime::Limits::default();
        let mut found = sandglass_runtime::check_component(&component, &limits).unwrap();
        found.sort_unstable_by_key(|name| name.contains("log"));
        assert_eq!(found, imports, "{besides}");
    }
}

/// Compilers that can write the contract's names make the same component.
#[test]
fn names_are_plain_or_the_contracts() {
    let text = whole_text(concat!(
        "(import \"sandglass\" \"log\" (func (param i32 i32 i32)))",
        "(import \"sandglass\" \"run_new\" (func (param i32) (result i32)))",
    ));
    let mut real = text.clone();
    for plain in names::EXPORTS
        .map(|(plain, _)| plain)
        .into_iter()
        .chain(["after_describe", "after_run_next"])
    {
        let name = names::export(plain).unwrap();
        real = real.replace(&format!("(export \"{plain}\")"), &format!("(export \"{name}\")"));
    }
    for (plain, module, name) in &names::IMPORTS[..2] {
        real = real.replace(
            &format!("\"sandglass\" \"{plain}\""),
            &format!("\"{module}\" \"{name}\""),
        );
    }
    assert!(real.contains("(export \"cabi_post_sandglass:transform/transformation@0.1.0#[method]run.next\")"));
    assert!(!real.contains("run_") && !real.contains("after_") && !real.contains("\"sandglass\""));
    let component = |text: &str| componentize(wat::parse_str(text).unwrap());
    // Other imports than the contract's are answered by the adapter, which is not there without one of them.
    let needs_adapter = "(import \"wasi_snapshot_preview1\" \"sched_yield\" (func (result i32)))";
    let with_adapter = |text: &str| text.replacen("(module", &format!("(module {needs_adapter}"), 1);
    assert_eq!(
        component(&with_adapter(&real)).unwrap(),
        component(&with_adapter(&text)).unwrap()
    );
    // Besides the contract's own names plain ones are whatever their author meant by them.
    let besides = real.replacen(
        "(func (export",
        "(func (export \"open\") (param i64)) (func (export \"after_open\")) (func (export",
        1,
    );
    component(&besides).unwrap();
    let without = real.replace("#[method]run.next\")", "#[method]run.last\")");
    let error = component(&without).unwrap_err();
    assert!(error.contains("does not export `run_next`;"), "{error}");
}

#[test]
fn modules_that_make_no_component() {
    let all: Vec<&str> = names::EXPORTS
        .iter()
        .map(|(plain, _)| *plain)
        .chain(["cabi_realloc"])
        .collect();
    let but = |name: &str| all.iter().copied().filter(|other| *other != name).collect::<Vec<_>>();
    for (bytes, words) in [
        (module(&[], &[], true), "does not export `describe`, `open`, `run_push`"),
        (module(&but("run_next"), &[], true), "it does not export `run_next`;"),
        (
            module(&but("cabi_realloc"), &[], true),
            "it does not export `cabi_realloc`;",
        ),
        (module(&all, &[], false), "does not export its memory"),
        (module(&["_start"], &[], true), "not a library; build it as a reactor"),
        (
            module(&all, &[("env", "sqrt_table")], true),
            "it imports `env.sqrt_table`, which nobody has",
        ),
        (
            module(&all, &[("sandglass", "open_file")], true),
            "it imports `sandglass.open_file`",
        ),
        (
            whole("(import \"wasi_snapshot_preview1\" \"fd_levitate\" (func (param i32)))"),
            "did not export `fd_levitate`",
        ),
        // All there, and of other types than the contract's.
        (module(&all, &[], true), "describe"),
        (b"\0asm\x01\0\0\0\x09".to_vec(), "not a WebAssembly module"),
    ] {
        let error = componentize(bytes).unwrap_err();
        assert!(error.contains(words), "{error}");
    }
    let other = b"\0asm\x0d\0\x01\0anything".to_vec();
    assert_eq!(componentize(other.clone()), Ok(other));
}
