;; A string whose pointer and length overflow.
(module
  ;; honest memory
  ;; honest contract
  ;; honest run
  (data (i32.const 32) "\ff\ff\ff\ff\ff\ff\ff\ff"))
