//! Components that are hostile before there is a run: in what they import and export, at their start, in `describe`, and below it in the canonical ABI.

use expect_test::expect;

use super::texts::component;
use super::world::{fails_in_run, refused};
use crate::harness::Timed;

#[test]
fn imports_and_exports_are_the_contracts() {
    let _timed = Timed::new("hostile::components::imports_and_exports_are_the_contracts");
    refused(
        &component("wasi_clock"),
        expect![
            "guest: the component imports `wasi:clocks/wall-clock@0.2.0`, but only `sandglass:transform/log` and `sandglass:transform/types` are there"
        ],
    );
    refused(
        &component("wasi_files_and_sockets"),
        expect![
            "guest: the component imports `wasi:filesystem/preopens@0.2.0`, `wasi:sockets/tcp@0.2.0`, `anything`, but only `sandglass:transform/log` and `sandglass:transform/types` are there"
        ],
    );
    refused(
        &component("log_of_tomorrow"),
        expect![
            "guest: the component imports `sandglass:transform/log@0.2.0`, but only `sandglass:transform/log` and `sandglass:transform/types` are there"
        ],
    );
    refused(
        &component("shout"),
        expect![
            "guest: the component does not import `sandglass:transform/log` as the contract has it: component imports instance `sandglass:transform/log@0.1.0`, but a matching implementation was not found in the linker: instance export `shout` has the wrong type: function implementation is missing"
        ],
    );
    refused(
        &component("log_of_numbers"),
        expect![
            "guest: the component does not import `sandglass:transform/log` as the contract has it: component imports instance `sandglass:transform/log@0.1.0`, but a matching implementation was not found in the linker: instance export `log` has the wrong type: type mismatch with parameters: expected 2-tuple, found 1-tuple"
        ],
    );
    refused(
        &component("no_exports"),
        expect![
            "guest: the component does not export `sandglass:transform/transformation` as the contract has it: no exported instance named `sandglass:transform/transformation@0.1.0`"
        ],
    );
    refused(
        &component("other_exports"),
        expect![
            "guest: the component does not export `sandglass:transform/transformation` as the contract has it: instance export `sandglass:transform/transformation@0.1.0` does not have export `describe`"
        ],
    );
    refused(
        &component("other_describe"),
        expect![
            "guest: the component does not export `sandglass:transform/transformation` as the contract has it: instance export `sandglass:transform/transformation@0.1.0` does not have export `open`"
        ],
    );
    refused(
        &component("imported_module"),
        expect![
            "guest: the component imports `code`, but only `sandglass:transform/log` and `sandglass:transform/types` are there"
        ],
    );
    refused(
        &component("uninstantiable"),
        expect![
            "guest: not a component that can be loaded: The component transitively contains 70 core module instances, which exceeds the configured maximum of 64 in the pooling allocator"
        ],
    );
}

#[test]
fn nothing_at_start_harms_the_host() {
    let _timed = Timed::new("hostile::components::nothing_at_start_harms_the_host");
    refused(
        &component("giant_memory"),
        expect![
            "guest: the component did not describe itself: the guest hit its limit of memory in `start`: used …, allowed 32.0 MiB"
        ],
    );
    refused(
        &component("giant_table"),
        expect![
            "guest: not a component that can be loaded: module table does not fit in pooling allocator requirements: table index 0 has a minimum element size of 4000000000 which exceeds the limit of 200000"
        ],
    );
    refused(
        &component("loop_in_start"),
        expect![
            "guest: the component did not describe itself: the guest hit its limit of time inside the guest in `start`: used …, allowed 0.300 s"
        ],
    );
    refused(
        &component("many_memories"),
        expect![
            "guest: not a component that can be loaded: module memory does not fit in pooling allocator requirements: defined memories count of 5 exceeds the per-instance limit of 1"
        ],
    );
    refused(
        &component("memory64"),
        expect![
            "guest: not a component that can be loaded: failed to parse WebAssembly module: memory64 must be enabled for 64-bit memories (at offset 0x4d8)"
        ],
    );
    refused(
        &component("memory_at_start"),
        expect![
            "guest: the component did not describe itself: the guest hit its limit of memory in `start`: used …, allowed 32.0 MiB"
        ],
    );
    refused(
        &component("relaxed_simd"),
        expect![
            "guest: not a component that can be loaded: failed to compile: wasm[0]::function[7]: WebAssembly translation error: Invalid input WebAssembly code at offset 1665: relaxed SIMD support is not enabled"
        ],
    );
    refused(
        &component("table_at_start"),
        expect![
            "guest: the component did not describe itself: the guest hit its limit of table elements in `start`: used 150000 elements, allowed 100000 elements"
        ],
    );
    refused(
        &component("threads"),
        expect![
            "guest: not a component that can be loaded: failed to parse WebAssembly module: threads must be enabled for shared memories (at offset 0x4dc)"
        ],
    );
    refused(
        &component("trap_in_start"),
        expect![
            "guest: the component did not describe itself: the guest trapped in `start`: wasm trap: wasm `unreachable` instruction executed"
        ],
    );
}

#[test]
fn describe_is_a_call_like_any_other() {
    let _timed = Timed::new("hostile::components::describe_is_a_call_like_any_other");
    refused(
        &component("aliased_strings"),
        expect![
            "guest: the component did not describe itself: the guest trapped in `describe`: invalid utf-8 sequence of 1 bytes from index 56"
        ],
    );
    refused(
        &component("bad_text"),
        expect![
            "guest: the component did not describe itself: the guest trapped in `describe`: invalid utf-8 sequence of 1 bytes from index 0"
        ],
    );
    refused(
        &component("kind_out_of_range"),
        expect![
            "guest: the component did not describe itself: the guest trapped in `describe`: unexpected discriminant: 200"
        ],
    );
    refused(
        &component("list_out_of_bounds"),
        expect![
            "guest: the component did not describe itself: the guest trapped in `describe`: list pointer/length out of bounds of memory"
        ],
    );
    refused(
        &component("list_past_the_end"),
        expect![
            "guest: the component did not describe itself: the guest trapped in `describe`: list pointer/length out of bounds of memory"
        ],
    );
    refused(
        &component("log_in_post_return"),
        expect![
            "guest: the component did not describe itself: the guest trapped in `describe`: wasm trap: cannot leave component instance"
        ],
    );
    refused(
        &component("log_level_out_of_range"),
        expect![
            "guest: the component did not describe itself: the guest trapped in `describe`: unexpected discriminant: 7"
        ],
    );
    refused(
        &component("log_out_of_bounds"),
        expect![
            "guest: the component did not describe itself: the guest trapped in `describe`: string pointer/length out of bounds of memory"
        ],
    );
    refused(
        &component("loop_in_describe"),
        expect![
            "guest: the component did not describe itself: the guest hit its limit of time inside the guest in `describe`: used …, allowed 0.300 s"
        ],
    );
    refused(
        &component("loop_in_post_return"),
        expect![
            "guest: the component did not describe itself: the guest hit its limit of time inside the guest in `describe`: used …, allowed 0.300 s"
        ],
    );
    refused(
        &component("misaligned_list"),
        expect![
            "guest: the component did not describe itself: the guest trapped in `describe`: list pointer is not aligned"
        ],
    );
    refused(
        &component("misaligned_result"),
        expect![
            "guest: the component did not describe itself: the guest trapped in `describe`: return pointer not aligned"
        ],
    );
    refused(
        &component("recursion_in_describe"),
        expect![
            "guest: the component did not describe itself: the guest trapped in `describe`: wasm trap: call stack exhausted"
        ],
    );
    refused(
        &component("result_of_neither"),
        expect![
            "guest: the component did not describe itself: the guest trapped in `describe`: invalid expected discriminant"
        ],
    );
    refused(
        &component("result_out_of_bounds"),
        expect![
            "guest: the component did not describe itself: the guest trapped in `describe`: pointer out of bounds of memory"
        ],
    );
    refused(
        &component("scope_out_of_range"),
        expect![
            "guest: the component did not describe itself: the guest trapped in `describe`: unexpected discriminant: 9"
        ],
    );
    refused(
        &component("string_out_of_bounds"),
        expect![
            "guest: the component did not describe itself: the guest trapped in `describe`: string pointer/length out of bounds of memory"
        ],
    );
    refused(
        &component("string_past_the_end"),
        expect![
            "guest: the component did not describe itself: the guest trapped in `describe`: string pointer/length out of bounds of memory"
        ],
    );
    refused(
        &component("table_growth"),
        expect![
            "guest: the component did not describe itself: the guest hit its limit of table elements in `describe`: used 100001 elements, allowed 100000 elements"
        ],
    );
    refused(
        &component("trap_in_describe"),
        expect![
            "guest: the component did not describe itself: the guest trapped in `describe`: wasm trap: wasm `unreachable` instruction executed"
        ],
    );
}

#[test]
fn no_call_goes_back_while_another_is_made() {
    let _timed = Timed::new("hostile::components::no_call_goes_back_while_another_is_made");
    fails_in_run(
        &component("handle_from_nowhere"),
        expect!["guest: the guest trapped in `open`: unknown handle index 42"],
    );
    fails_in_run(
        &component("honest"),
        expect!["guest: the guest trapped in `open`: wasm trap: wasm `unreachable` instruction executed"],
    );
    fails_in_run(
        &component("log_in_realloc"),
        expect!["guest: the guest trapped in `open`: wasm trap: cannot leave component instance"],
    );
    fails_in_run(
        &component("loop_in_realloc"),
        expect!["guest: the guest hit its limit of time inside the guest in `open`: used …, allowed 0.300 s"],
    );
    fails_in_run(
        &component("odd_bool"),
        expect!["guest: the guest trapped in `open`: wasm trap: wasm `unreachable` instruction executed"],
    );
    fails_in_run(
        &component("realloc_misaligned"),
        expect!["guest: the guest trapped in `open`: realloc return: result not aligned"],
    );
    fails_in_run(
        &component("realloc_out_of_bounds"),
        expect!["guest: the guest trapped in `open`: realloc return: beyond end of memory"],
    );
}
