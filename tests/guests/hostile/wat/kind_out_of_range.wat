;; A kind that does not exist.
(module
  ;; honest memory
  ;; honest contract
  ;; honest run
  (data (i32.const 136) "\c8"))
