;; Logs at a level that does not exist.
(module
  (import "sandglass:transform/log@0.1.0" "log" (func $log (param i32 i32 i32)))
  ;; honest memory
  ;; honest data
  ;; honest run
  (func (export "sandglass:transform/transformation@0.1.0#describe") (result i32)
    (call $log (i32.const 7) (i32.const 256) (i32.const 4))
    (i32.const 16))
)
