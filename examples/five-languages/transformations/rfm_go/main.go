// Features of customers, made of their purchases.
package main

import "sandglass.dev/guest/sandglass"

func init() { sandglass.Register(customerRFM) }

// A component has no main; the compiler asks for one.
func main() {}
