;; A scope that does not exist.
(module
  ;; honest memory
  ;; honest contract
  ;; honest run
  (data (i32.const 64) "\09"))
