;; Waits for a thread, which no deadline interrupts.
(module
  ;; honest memory
  ;; honest contract
  ;; honest run
  (memory 1 1 shared)
  (func $start (drop (memory.atomic.wait32 1 (i32.const 0) (i32.const 0) (i64.const -1))))
  (start $start)
)
