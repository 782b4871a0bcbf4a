;; `describe` traps.
(module
  ;; honest memory
  ;; honest run
  (func (export "sandglass:transform/transformation@0.1.0#describe") (result i32) unreachable)
)
