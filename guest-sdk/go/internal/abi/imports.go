//go:build wasip1

package abi

import (
	"unsafe"

	"sandglass.dev/guest/internal/wire"
)

//go:wasmimport sandglass log
func hostLog(level uint32, text unsafe.Pointer, length uint32)

//go:wasmimport sandglass run_new
func newRun(rep uint32) uint32

//go:wasmimport sandglass set_clock
func setClock(us int64)

//go:wasmimport sandglass set_line_buffer
func setLineBuffer(at unsafe.Pointer, size uint32)

// flush logs a line that has begun.
//
//go:wasmimport sandglass flush
func flush()

// Go prints a line in pieces; here they come together before they are logged.
var line [4 << 10]byte

func init() {
	setLineBuffer(unsafe.Pointer(&line), uint32(len(line)))
	wire.Log = func(level wire.Level, text string) {
		hostLog(uint32(level), unsafe.Pointer(unsafe.StringData(text)), uint32(len(text)))
	}
}
