;; Imports a function that the log does not have.
(component
  (import "sandglass:transform/log@0.1.0" (instance (export "shout" (func))))
)
