// Kernels of the benchmark of languages, with the Go SDK.
package main

import "sandglass.dev/guest/sandglass"

func init() { sandglass.Register(filter, filterPlain, perKey, text, flops) }

func main() {}
