;; Imports files, sockets and a function of its own.
(component
  (import "wasi:filesystem/preopens@0.2.0" (instance))
  (import "wasi:sockets/tcp@0.2.0" (instance))
  (import "anything" (func))
)
