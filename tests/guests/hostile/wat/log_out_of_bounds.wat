;; Logs a message that is not in its memory.
(module
  (import "sandglass:transform/log@0.1.0" "log" (func $log (param i32 i32 i32)))
  ;; honest memory
  ;; honest data
  ;; honest run
  (func (export "sandglass:transform/transformation@0.1.0#describe") (result i32)
    (call $log (i32.const 0) (i32.const -8) (i32.const -8))
    (i32.const 16))
)
