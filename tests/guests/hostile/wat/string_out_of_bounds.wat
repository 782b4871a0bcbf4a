;; A string of a gigabyte.
(module
  ;; honest memory
  ;; honest contract
  ;; honest run
  (data (i32.const 36) "\00\00\00\40"))
