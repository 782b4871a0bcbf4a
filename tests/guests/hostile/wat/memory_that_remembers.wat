;; Looks whether anything of an earlier run is left in its memory, then leaves something in every third page of 16 MiB.
(module
  ;; honest memory
  ;; honest contract
  ;; honest calls
  (func $start (local $at i32)
    (drop (memory.grow (i32.const 254)))
    ;; Its name is what the component says.
    (if (i32.ne (i32.load8_u (i32.const 256)) (i32.const 0x6c)) (then (unreachable)))
    (local.set $at (i32.const 512))
    (loop $look
      (if (i64.ne (i64.load (local.get $at)) (i64.const 0)) (then (unreachable)))
      (local.set $at (i32.add (local.get $at) (i32.const 8)))
      (br_if $look (i32.lt_u (local.get $at) (i32.const 0x1000000))))
    (local.set $at (i32.const 1024))
    (loop $leave
      (i64.store (local.get $at) (i64.const -1))
      (local.set $at (i32.add (local.get $at) (i32.const 12288)))
      (br_if $leave (i32.lt_u (local.get $at) (i32.const 0xfff000)))))
  (start $start)
  (func (export "sandglass:transform/transformation@0.1.0#open")
    (param i32 i32 i32 i64 i64 i32 i32 i32 i32 i32 i32 i32) (result i32)
    (i32.store8 (i32.const 256) (i32.const 0x78))
    unreachable)
)
