;; More table elements than its limit, from the start.
(module
  ;; honest memory
  ;; honest contract
  ;; honest run
  (table 150000 funcref)
)
