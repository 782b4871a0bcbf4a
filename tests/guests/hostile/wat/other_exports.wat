;; Exports the interface with less in it.
(component
  (component $inner)
  (instance $transformation (instantiate $inner))
  (export "sandglass:transform/transformation@0.1.0" (instance $transformation))
)
