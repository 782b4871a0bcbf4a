;; Finds room at an odd address.
(module
  (memory (export "memory") 2)
  (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32) (i32.const 65537))
  ;; honest contract
  ;; honest run
)
