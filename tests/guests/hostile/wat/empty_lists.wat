;; Lists of no elements, of which four billion take no bytes at all.
(module
  ;; honest memory
  ;; honest contract
  ;; honest run
  (data (i32.const 56) "\00\02\00\00\02\00\00\00")
  (data (i32.const 512) "\04\01\00\00\02\00\00\00\13\00\00\00\00\00\00\00\00\00\00\00\01\00\00\00")
  (data (i32.const 536) "\04\01\00\00\02\00\00\00\04\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00"))
