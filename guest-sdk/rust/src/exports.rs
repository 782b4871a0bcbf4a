//! The contract's functions under their names, in a component. `sandglass build` makes a component of a module that has them.

use std::ffi::c_void;

use crate::component::ComponentRun;
use crate::log::Level;

#[link(wasm_import_module = "sandglass:transform/log@0.1.0")]
unsafe extern "C" {
    #[link_name = "log"]
    fn host_log(level: i32, message: *const u8, length: usize);
}

#[link(wasm_import_module = "[export]sandglass:transform/transformation@0.1.0")]
unsafe extern "C" {
    #[link_name = "[resource-new]run"]
    fn host_run_new(run: *mut c_void) -> i32;
}

pub(crate) fn log(level: Level, message: &str) {
    let level = match level {
        Level::Debug => 0,
        Level::Info => 1,
        Level::Warn => 2,
        Level::Error => 3,
    };
    // SAFETY: the host looks at so many bytes, which are there, while it is called.
    unsafe { host_log(level, message.as_ptr(), message.len()) };
}

/// A handle of the host's for a run.
pub fn run_new(run: *mut ComponentRun) -> i32 {
    // SAFETY: the host only keeps the pointer.
    unsafe { host_run_new(run.cast()) }
}

/// Runs what is to run before all else (`__wasm_call_ctors`), once. Where nobody calls it the linker has every export do so, every time.
pub fn once() {
    #[cfg(not(target_os = "wasi"))]
    {
        unsafe extern "C" {
            fn __wasm_call_ctors();
        }
        static ONCE: std::sync::Once = std::sync::Once::new();
        // SAFETY: the linker makes it, and it has not run.
        ONCE.call_once(|| unsafe { __wasm_call_ctors() });
    }
}

/// The contract's exports, for an author's transformations.
#[doc(hidden)]
#[macro_export]
macro_rules! __exports {
    ($author:ty) => {
        #[unsafe(export_name = "cabi_realloc")]
        unsafe extern "C" fn realloc(
            old: *mut u8,
            old_size: usize,
            align: usize,
            new_size: usize,
        ) -> *mut u8 {
            unsafe { $crate::incoming::realloc(old, old_size, align, new_size) }
        }

        #[unsafe(export_name = "sandglass:transform/transformation@0.1.0#describe")]
        extern "C" fn describe() -> *const $crate::component::Answer {
            $crate::exports::once();
            $crate::component::describe::<$author>()
        }

        #[unsafe(export_name = "sandglass:transform/transformation@0.1.0#open")]
        unsafe extern "C" fn open(
            name: *const u8,
            name_length: usize,
            mode: i32,
            start: i64,
            end: i64,
            ranges: *const $crate::wire::Maybe<$crate::wire::Interval>,
            range_count: usize,
            parameters: *const $crate::wire::Named<$crate::wire::Value>,
            parameter_count: usize,
            lineage: i32,
            properties: *const $crate::wire::Named<$crate::wire::Text>,
            property_count: usize,
        ) -> *const $crate::component::Answer {
            use $crate::wire::List;
            $crate::exports::once();
            let context = $crate::component::GivenContext {
                mode,
                start,
                end,
                ranges: List::at(ranges, range_count),
                parameters: List::at(parameters, parameter_count),
                lineage,
                properties: List::at(properties, property_count),
            };
            let name = List::at(name, name_length);
            unsafe { $crate::component::open::<$author>(name, context, $crate::exports::run_new) }
        }

        #[unsafe(export_name = "sandglass:transform/transformation@0.1.0#[method]run.push")]
        unsafe extern "C" fn push(
            run: *mut $crate::component::ComponentRun,
            input: u32,
            rows: u32,
            nodes: *const $crate::wire::Node,
            node_count: usize,
            buffers: *const $crate::wire::List<u8>,
            buffer_count: usize,
        ) -> *const $crate::component::Answer {
            let batch = $crate::wire::Batch {
                rows,
                nodes: $crate::wire::List::at(nodes, node_count),
                buffers: $crate::wire::List::at(buffers, buffer_count),
            };
            unsafe { $crate::component::push(run, input, batch) }
        }

        #[unsafe(export_name = "sandglass:transform/transformation@0.1.0#[method]run.end-keys")]
        unsafe extern "C" fn end_keys(
            run: *mut $crate::component::ComponentRun,
        ) -> *const $crate::component::Answer {
            unsafe { $crate::component::end_keys(run) }
        }

        #[unsafe(export_name = "sandglass:transform/transformation@0.1.0#[method]run.finish")]
        unsafe extern "C" fn finish(
            run: *mut $crate::component::ComponentRun,
        ) -> *const $crate::component::Answer {
            unsafe { $crate::component::finish(run) }
        }

        #[unsafe(export_name = "sandglass:transform/transformation@0.1.0#[method]run.next")]
        unsafe extern "C" fn next(
            run: *mut $crate::component::ComponentRun,
        ) -> *const $crate::component::Answer {
            unsafe { $crate::component::next(run) }
        }

        #[unsafe(export_name = "sandglass:transform/transformation@0.1.0#[dtor]run")]
        unsafe extern "C" fn drop_run(run: *mut $crate::component::ComponentRun) {
            unsafe { $crate::component::drop_run(run) }
        }
    };
}
