;; An output of 100,000 columns.
(module
  ;; honest data
  ;; honest run
  (memory (export "memory") 64)
  (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32) unreachable)
  (func (export "sandglass:transform/transformation@0.1.0#describe") (result i32)
    (local $node i32)
    (local.set $node (i32.const 65536))
    (loop $more
      (i32.store offset=0 (local.get $node) (i32.const 260))
      (i32.store offset=4 (local.get $node) (i32.const 2))
      (i32.store8 offset=8 (local.get $node) (i32.const 4))
      (i32.store offset=20 (local.get $node) (i32.const 0))
      (local.set $node (i32.add (local.get $node) (i32.const 24)))
      (br_if $more (i32.lt_u (local.get $node) (i32.const 2465536))))
    (i32.store (i32.const 56) (i32.const 65536))
    (i32.store (i32.const 60) (i32.const 100000))
    (i32.const 16))
)
