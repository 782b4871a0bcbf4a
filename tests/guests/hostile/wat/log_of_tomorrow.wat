;; Imports a later version of the log.
(component
  (import "sandglass:transform/log@0.2.0" (instance))
)
