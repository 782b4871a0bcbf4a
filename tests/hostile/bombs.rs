//! Components that are made to be large, deep, or slow to compile.

use std::fmt::Write;

use expect_test::expect;
use wasm_encoder::{ComponentSectionId, Encode};

use super::texts::{honest_with, raw};
use super::world::{limits, refused};
use crate::harness::Timed;

#[test]
fn a_component_is_neither_huge_nor_something_else() {
    let _timed = Timed::new("hostile::bombs::a_component_is_neither_huge_nor_something_else");
    let huge = vec![0; limits().component_bytes as usize + 1];
    refused(
        &huge,
        expect!["guest: the component is larger than its limit: 8.0 MiB, allowed 8.0 MiB"],
    );
    refused(
        &raw("core_module"),
        expect!["guest: not a component that can be loaded: it is a core module"],
    );
    refused(
        b"",
        expect!["guest: not a component that can be loaded: it does not begin as WebAssembly does"],
    );
    refused(
        b"\0asm",
        expect!["guest: not a component that can be loaded: unexpected end-of-file (at offset 0x4)"],
    );
    refused(
        b"#!/bin/sh",
        expect!["guest: not a component that can be loaded: it does not begin as WebAssembly does"],
    );
    let honest = honest_with("");
    refused(
        &honest[..honest.len() / 2],
        expect!["guest: not a component that can be loaded: unexpected end-of-file (at offset 0xd21)"],
    );
}

#[test]
fn nesting_is_bounded() {
    let _timed = Timed::new("hostile::bombs::nesting_is_bounded");
    refused(
        &nested_components(1_000),
        expect!["guest: the component has too many modules and components inside one another: 17, allowed 16"],
    );
    refused(
        &nested_components(100_000),
        expect!["guest: the component has too many modules and components inside one another: 17, allowed 16"],
    );
    refused(
        &nested_types(50),
        expect![
            "guest: the component does not export `sandglass:transform/transformation` as the contract has it: no exported instance named `sandglass:transform/transformation@0.1.0`"
        ],
    );
    refused(
        &nested_types(20_000),
        expect![
            "guest: not a component that can be loaded: failed to parse WebAssembly module: type nesting is too deep (at offset 0xf7)"
        ],
    );
    refused(
        &nested_blocks(100_000),
        expect!["guest: compiling the component hit its limit of time: allowed 5 s"],
    );
    refused(
        &doubled_types(60),
        expect![
            "guest: not a component that can be loaded: failed to parse WebAssembly module: effective type size exceeds the limit of 1000000 (at offset 0x56)"
        ],
    );
}

#[test]
fn tables_of_jumps_are_bounded() {
    let _timed = Timed::new("hostile::bombs::tables_of_jumps_are_bounded");
    refused(
        &jumps(3_000_000),
        expect!["guest: the component has too many bytes in one function: 3000012, allowed 2097152"],
    );
}

/// Components in components, as deep as that.
fn nested_components(depth: usize) -> Vec<u8> {
    const HEADER: &[u8] = b"\0asm\x0d\0\x01\0";
    // From the inside out, back to front: each section's length is known when it is written.
    let mut reversed: Vec<u8> = HEADER.iter().rev().copied().collect();
    for _ in 0..depth {
        let mut length = vec![];
        reversed.len().encode(&mut length);
        reversed.extend(length.iter().rev());
        reversed.push(ComponentSectionId::Component as u8);
        reversed.extend(HEADER.iter().rev());
    }
    reversed.reverse();
    reversed
}

/// A function of lists in lists, as deep as that.
fn nested_types(depth: usize) -> Vec<u8> {
    let mut text = "(component (type $t0 (list u8))\n".to_owned();
    for level in 1..depth {
        writeln!(text, "(type $t{level} (list $t{}))", level - 1).unwrap();
    }
    function_of(text, depth - 1)
}

/// A function of tuples of two of the tuple before: a type of 2^depth parts in a few bytes.
fn doubled_types(depth: usize) -> Vec<u8> {
    let mut text = "(component (type $t0 (list u8))\n".to_owned();
    for level in 1..depth {
        writeln!(text, "(type $t{level} (tuple $t{0} $t{0}))", level - 1).unwrap();
    }
    function_of(text, depth - 1)
}

fn function_of(mut text: String, last: usize) -> Vec<u8> {
    text += r#"(core module $core (memory (export "memory") 1)
        (func (export "realloc") (param i32 i32 i32 i32) (result i32) unreachable)
        (func (export "f") (param i32 i32)))
        (core instance $made (instantiate $core))"#;
    write!(
        text,
        "(type $f (func (param \"x\" $t{last})))
        (func $f (type $f) (canon lift (core func $made \"f\") (memory $made \"memory\") (realloc (func $made \"realloc\"))))
        (export \"f\" (func $f)))"
    )
    .unwrap();
    wat::parse_str(text).unwrap()
}

/// A function of blocks in blocks, as deep as that.
fn nested_blocks(depth: usize) -> Vec<u8> {
    honest_with(&format!("(func {} {})", "block ".repeat(depth), "end ".repeat(depth)))
}

/// One table of that many jumps.
fn jumps(arms: usize) -> Vec<u8> {
    honest_with(&format!(
        "(func (param i32) (block (br_table {} (local.get 0))))",
        "0 ".repeat(arms)
    ))
}

/// One function whose blocks all live at once, in a component of less than 2 MiB: it compiles for minutes.
fn compile_bomb() -> Vec<u8> {
    let depth = 1_000;
    let labels: Vec<String> = (0..depth).map(|label| label.to_string()).collect();
    let mut text = "(func (param i32) (result i32) (local i64 i64 i64 i64)\n".to_owned();
    text += &"block ".repeat(depth);
    for level in 0..depth {
        let reachable = labels[..depth - level].join(" ");
        write!(
            text,
            "local.get 0 br_table {reachable} end\n local.get 0 i32.const {level} i32.mul local.set 0\n"
        )
        .unwrap();
    }
    text += "local.get 0)";
    honest_with(&text)
}

#[test]
fn compile_bombs_end_at_the_wall() {
    let _timed = Timed::new("hostile::bombs::compile_bombs_end_at_the_wall");
    refused(
        &compile_bomb(),
        expect!["guest: compiling the component hit its limit of time: allowed 5 s"],
    );
}
