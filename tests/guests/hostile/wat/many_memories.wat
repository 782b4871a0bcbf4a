;; More memories than the pool has for a component.
(module
  ;; honest memory
  ;; honest contract
  ;; honest run
  (memory 1) (memory 1) (memory 1) (memory 1)
)
