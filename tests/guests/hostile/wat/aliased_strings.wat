;; 4,096 properties, all of the same two strings of 64 KiB: half a gigabyte for the host, 128 KiB for the guest.
(module
  ;; honest memory
  ;; honest data
  ;; honest run
  (func (export "sandglass:transform/transformation@0.1.0#describe") (result i32)
    (local $at i32)
    (local.set $at (i32.const 65536))
    (loop $more
      (i32.store offset=4 (local.get $at) (i32.const 65536))
      (i32.store offset=12 (local.get $at) (i32.const 65536))
      (local.set $at (i32.add (local.get $at) (i32.const 16)))
      (br_if $more (i32.lt_u (local.get $at) (i32.const 131072))))
    (i32.store (i32.const 76) (i32.const 65536))
    (i32.store (i32.const 80) (i32.const 4096))
    (i32.const 16))
)
