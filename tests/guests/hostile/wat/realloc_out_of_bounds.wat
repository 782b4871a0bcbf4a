;; Finds room behind the end of the memory.
(module
  (memory (export "memory") 2)
  (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32) (i32.const -16))
  ;; honest contract
  ;; honest run
)
