;; A struct of four billion fields.
(module
  ;; honest memory
  ;; honest contract
  ;; honest run
  (data (i32.const 136) "\14")
  (data (i32.const 148) "\ff\ff\ff\ff"))
