;; Describes another scope each time that it is asked.
(module
  ;; honest memory
  ;; honest data
  ;; honest run
  (global $asked (mut i32) (i32.const 0))
  (func (export "sandglass:transform/transformation@0.1.0#describe") (result i32)
    (global.set $asked (i32.add (global.get $asked) (i32.const 1)))
    (i32.store8 (i32.const 64) (global.get $asked))
    (i32.const 16))
)
