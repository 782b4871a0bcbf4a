;; The start function traps.
(module
  ;; honest memory
  ;; honest contract
  ;; honest run
  (func $start unreachable)
  (start $start)
)
