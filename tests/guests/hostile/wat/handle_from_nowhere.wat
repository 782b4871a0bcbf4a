;; `open` returns a run that it has not made.
(module
  ;; honest memory
  ;; honest contract
  (func (export "sandglass:transform/transformation@0.1.0#open")
    (param i32 i32 i32 i64 i64 i32 i32 i32 i32 i32 i32 i32) (result i32)
    (i32.store (i32.const 516) (i32.const 42))
    (i32.const 512))
  ;; honest calls
)
