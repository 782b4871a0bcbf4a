;; The start function never returns.
(module
  ;; honest memory
  ;; honest contract
  ;; honest run
  (func $start (loop (br 0)))
  (start $start)
)
