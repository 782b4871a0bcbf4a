;; More memory than its limit, from the start.
(module
  ;; honest contract
  ;; honest run
  (memory (export "memory") 600)
  (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32) unreachable)
)
