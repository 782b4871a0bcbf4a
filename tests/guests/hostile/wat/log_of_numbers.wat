;; Imports the log with another type.
(component
  (import "sandglass:transform/log@0.1.0" (instance (export "log" (func (param "level" u32)))))
)
