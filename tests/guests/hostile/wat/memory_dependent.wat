;; Describes another scope when it cannot have 48 MiB more.
(module
  ;; honest memory
  ;; honest data
  ;; honest run
  (func (export "sandglass:transform/transformation@0.1.0#describe") (result i32)
    (if (i32.eq (memory.grow (i32.const 768)) (i32.const -1))
      (then (i32.store8 (i32.const 64) (i32.const 1))))
    (i32.const 16))
)
