//go:build wasip1

package abi

import "runtime/debug"

// memoryLimit is where the collector stops letting the heap double: 160 MiB of the 256 MiB that a run has by default. What is left
// is for the program itself, a large batch on its way in and one on its way out, and pieces of memory that fit nothing. For a run
// with another limit, call debug.SetMemoryLimit in an init function.
const memoryLimit = 160 << 20

func init() { debug.SetMemoryLimit(memoryLimit) }
