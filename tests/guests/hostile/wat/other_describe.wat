;; Exports a `describe` of another type.
(component
  (core module $core (func (export "describe") (result i32) (i32.const 1)))
  (core instance $made (instantiate $core))
  (func $describe (result u32) (canon lift (core func $made "describe")))
  (instance $transformation (export "describe" (func $describe)))
  (export "sandglass:transform/transformation@0.1.0" (instance $transformation))
)
