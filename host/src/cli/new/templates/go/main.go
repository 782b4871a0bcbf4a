// Transformations of orders.
package main

import "sandglass.dev/guest/sandglass"

func init() { sandglass.Register(orderDetails) }

// A component has no main; the compiler asks for one.
func main() {}
