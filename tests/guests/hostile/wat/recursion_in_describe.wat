;; `describe` calls itself until the stack is full.
(module
  ;; honest memory
  ;; honest run
  (func $describe (export "sandglass:transform/transformation@0.1.0#describe") (result i32)
    (i32.add (call $describe) (i32.const 1)))
)
