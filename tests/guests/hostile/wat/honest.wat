;; What all others change: it describes one transformation, `liar`, and traps when it is opened.
(module
  ;; honest memory
  ;; honest contract
  ;; honest run

)
