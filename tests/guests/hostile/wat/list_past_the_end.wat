;; A list of four billion contracts.
(module
  ;; honest memory
  ;; honest contract
  ;; honest run
  (data (i32.const 24) "\ff\ff\ff\ff"))
