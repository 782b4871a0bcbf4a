;; A table that no pool has room for.
(module
  ;; honest memory
  ;; honest contract
  ;; honest run
  (table 4000000000 funcref)
)
