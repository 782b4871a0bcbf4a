;; `describe` never returns.
(module
  ;; honest memory
  ;; honest run
  (func (export "sandglass:transform/transformation@0.1.0#describe") (result i32) (loop (br 0)) unreachable)
)
