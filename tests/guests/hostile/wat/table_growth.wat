;; Grows a table by millions, and does not mind that it cannot.
(module
  ;; honest memory
  ;; honest data
  ;; honest run
  (table $table 1 funcref)
  (func (export "sandglass:transform/transformation@0.1.0#describe") (result i32)
    (local $rounds i32)
    (loop $again
      (drop (table.grow $table (ref.null func) (i32.const 1000)))
      (local.set $rounds (i32.add (local.get $rounds) (i32.const 1)))
      (br_if $again (i32.lt_u (local.get $rounds) (i32.const 5000))))
    (i32.const 16))
)
