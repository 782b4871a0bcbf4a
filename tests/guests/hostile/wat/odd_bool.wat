;; A bool that is seven, which the canonical ABI reads as true.
(module
  ;; honest memory
  ;; honest contract
  ;; honest run
  (data (i32.const 144) "\07"))
