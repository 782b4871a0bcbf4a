;; The result itself behind the end of the memory.
(module
  ;; honest memory
  ;; honest data
  ;; honest run
  (func (export "sandglass:transform/transformation@0.1.0#describe") (result i32) (i32.const -16))
)
