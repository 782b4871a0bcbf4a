;; A list behind the end of the memory.
(module
  ;; honest memory
  ;; honest contract
  ;; honest run
  (data (i32.const 20) "\00\00\00\80"))
