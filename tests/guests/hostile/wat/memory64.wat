;; Memory that is larger than four gigabytes could be.
(module
  ;; honest memory
  ;; honest contract
  ;; honest run
  (memory i64 1)
)
