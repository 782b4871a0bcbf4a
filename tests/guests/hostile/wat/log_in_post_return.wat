;; Calls the host from the middle of the clean-up after a call.
(module
  (import "sandglass:transform/log@0.1.0" "log" (func $log (param i32 i32 i32)))
  (func (export "cabi_post_sandglass:transform/transformation@0.1.0#describe") (param i32)
    (call $log (i32.const 0) (i32.const 256) (i32.const 4)))
  ;; honest memory
  ;; honest contract
  ;; honest run
)
