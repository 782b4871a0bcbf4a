;; A name that would clear a terminal.
(module
  ;; honest memory
  ;; honest contract
  ;; honest run
  (data (i32.const 256) "\1b[2J"))
