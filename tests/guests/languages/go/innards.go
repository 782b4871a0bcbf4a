package main

import (
	"fmt"
	"runtime"
	"time"
	"unsafe"

	"sandglass.dev/guest/sandglass"
)

var count int

func init() {
	know(map[string]func() string{
		"state":            func() string { count++; return fmt.Sprintf("number %d", count) },
		"monkey":           monkey,
		"monkey_after":     monkeyAfter,
		"monkey_input":     monkeyInput,
		"monkey_memory":    monkeyMemory,
		"monkey_spray":     monkeySpray,
		"monkey_outside":   monkeyOutside,
		"monkey_low":       monkeyLow,
		"monkey_finalizer": monkeyFinalizer,
		"monkey_many":      monkeyMany,
		"monkey_sources":   monkeySources,
		"monkey_nil":       func() string { emitter.Emit(0, nil, nil, nil); return "emitted" },
		"monkey_width":     func() string { emitter.Emit(0, "one"); return "emitted" },
		"monkey_reject":    func() string { emitter.Reject(77, "no such row"); return "rejected" },
		"monkey_import":    monkeyImport,
	})
}

//go:linkname hostLog sandglass.dev/guest/internal/abi.hostLog
func hostLog(level uint32, text unsafe.Pointer, length uint32)

//go:linkname newRun sandglass.dev/guest/internal/abi.newRun
func newRun(rep uint32) uint32

//go:linkname area sandglass.dev/guest/internal/abi.area
var area [12]uint32

//go:linkname result sandglass.dev/guest/internal/abi.result
func result() unsafe.Pointer

// monkey writes over where the answer to the host will lie, and goes on doing so.
func monkey() string {
	for i := range area {
		area[i] = 0xFFFFFFFF
	}
	go func() {
		for {
			for i := range area {
				area[i] = 0xFFFFFFF0 + uint32(i)
			}
			runtime.Gosched()
		}
	}()
	time.Sleep(time.Millisecond)
	return "written over"
}

// monkeyAfter emits when the call is over.
func monkeyAfter() string {
	kept := emitter
	go func() {
		time.Sleep(time.Hour)
		kept.Emit(0, "late", "late", int64(0))
	}()
	return "promised"
}

// monkeyInput writes over the input's rows, which are not the author's.
func monkeyInput() string {
	text := rows.Utf8("what").Value(0)
	bytes := unsafe.Slice(unsafe.StringData(text), len(text))
	for i := range bytes {
		bytes[i] = 0xFF
	}
	return "written over"
}

// monkeyMemory writes over all memory from its own on.
func monkeyMemory() string {
	own := new(int)
	for at := uintptr(unsafe.Pointer(own)); ; at += 8 {
		*(*uint64)(unsafe.Pointer(at)) = 0xDEADBEEFDEADBEEF
	}
}

// monkeySpray writes here and there, and answers.
func monkeySpray() string {
	for at := uintptr(1 << 16); at < 2<<20; at += 4096 {
		*(*uint64)(unsafe.Pointer(at)) = 0xDEADBEEFDEADBEEF
	}
	return "written over"
}

// monkeyOutside reads beyond memory.
func monkeyOutside() string { return fmt.Sprint(*(*int)(unsafe.Pointer(uintptr(0xFFFFFFF0)))) }

// monkeyLow writes over the runtime's first page.
func monkeyLow() string {
	for at := uintptr(0); at < 1<<16; at += 8 {
		*(*uint64)(unsafe.Pointer(at)) = 0xDEADBEEFDEADBEEF
	}
	return "written over"
}

func monkeyFinalizer() string {
	runtime.SetFinalizer(&[1 << 10]byte{}, func(*[1 << 10]byte) {
		for {
		}
	})
	runtime.GC()
	runtime.Gosched()
	time.Sleep(time.Second)
	return "collected"
}

func monkeyMany() string {
	for {
		emitter.Emit(0, "many", "many", int64(0))
	}
}

func monkeySources() string {
	emitter.Emit(5, "many", "many", int64(0))
	return "emitted"
}

// monkeyImport calls the host's functions as the SDK does: text that is not UTF-8, text that lies nowhere, a run that nobody asked for.
func monkeyImport() string {
	sandglass.LogInfo("a run of our own: %d", newRun(77))
	bad := "\xff\xfe"
	hostLog(9, unsafe.Pointer(unsafe.StringData(bad)), 2)
	hostLog(1, unsafe.Pointer(uintptr(0xFFFFFFF0)), 0xFFFFFFF0)
	return "called"
}
