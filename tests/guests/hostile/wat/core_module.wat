;; A core module where a component is due; encoded as it is.
(module $core_module)
