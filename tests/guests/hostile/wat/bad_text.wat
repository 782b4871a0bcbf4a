;; A name that is no UTF-8.
(module
  ;; honest memory
  ;; honest contract
  ;; honest run
  (data (i32.const 256) "\ff\fe"))
