;; No transformation at all.
(module
  ;; honest memory
  ;; honest contract
  ;; honest run
  (data (i32.const 24) "\00"))
