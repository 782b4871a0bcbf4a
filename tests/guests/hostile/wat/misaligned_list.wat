;; A list at an odd address.
(module
  ;; honest memory
  ;; honest contract
  ;; honest run
  (data (i32.const 20) "\21\00\00\00"))
