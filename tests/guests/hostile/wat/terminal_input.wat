;; An input whose name is a page long and would clear a terminal; its scope asks for keys.
(module
  ;; honest memory
  ;; honest contract
  ;; honest run
  (data (i32.const 64) "\02")
  (data (i32.const 96) "\00\02\00\00\00\80\00\00")
  (data (i32.const 512) "\1b[2J"))
