;; A result that is neither ok nor an error.
(module
  ;; honest memory
  ;; honest contract
  ;; honest run
  (data (i32.const 16) "\07"))
