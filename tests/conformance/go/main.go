// The transformations by which the host's kit looks at the Go SDK.
package main

import "sandglass.dev/guest/sandglass"

func init() {
	sandglass.Register(
		pass, rebuild, take, filter, fanOut, totals, joined, parameters, contextual, speaks, empty,
	)
}

func main() {}
