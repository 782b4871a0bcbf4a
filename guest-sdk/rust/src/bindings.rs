#![allow(missing_docs, clippy::all)]

wit_bindgen::generate!({
    path: "wit",
    world: "transform",
    pub_export_macro: true,
    export_macro_name: "__export_component",
    default_bindings_module: "sandglass_guest::component::bindings",
});
