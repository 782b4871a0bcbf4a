//go:build wasip1

package abi

import (
	"fmt"
	"unsafe"

	"sandglass.dev/guest/internal/wire"
)

// open is a run, and what holds the batch that it works on.
type open struct {
	wire.Run
	held    *block
	buffers [][]byte
}

var (
	runs    = map[word]*open{}
	lastRep word
)

func internal(format string, values ...any) *wire.Failure {
	return &wire.Failure{Kind: wire.InternalFailure, Message: fmt.Sprintf(format, values...)}
}

//go:wasmexport describe
func describe() unsafe.Pointer {
	if wire.Served == nil {
		return failed(internal("this program does not import sandglass.dev/guest/sandglass"))
	}
	all, failure := wire.Served.Describe()
	if failure != nil {
		return failed(failure)
	}
	return contracts(all)
}

//go:wasmexport open
func openRun(
	name unsafe.Pointer, nameLength word, mode word, start, end int64, ranges unsafe.Pointer, rangesLength word,
	parameters unsafe.Pointer, parametersLength word, lineage word, properties unsafe.Pointer, propertiesLength word,
) unsafe.Pointer {
	text := string(list[byte](name, nameLength))
	c := context(mode, start, end, list[optionInterval](ranges, rangesLength),
		list[parameter](parameters, parametersLength), lineage != 0, list[[2]span](properties, propertiesLength))
	arguments.release()
	arguments = nil
	// Time stands, and no run can tell when it is made.
	switch c.Mode {
	case wire.Materialize:
		setClock(c.Interval.End)
	case wire.Request:
		setClock(c.Interval.Start)
	}
	run, failure := wire.Served.Open(text, c)
	flush()
	if failure != nil {
		return failed(failure)
	}
	lastRep++
	runs[lastRep] = &open{Run: run}
	area = [12]word{1: newRun(lastRep)}
	return result()
}

//go:wasmexport run_push
func push(rep, input, rows word, nodes unsafe.Pointer, nodesLength word, spans unsafe.Pointer, spansLength word) unsafe.Pointer {
	run, taken := runs[rep], arguments
	arguments = nil
	place := at
	switch {
	case taken == nil:
	case run.Retains():
		place = taken.detach()
	default:
		run.held.release()
		run.held = taken
	}
	batch := wire.Batch{Rows: rows, Nodes: list[wire.Node](place(word(uintptr(nodes))), nodesLength)}
	run.buffers = buffers(list[span](spans, spansLength), place, run.buffers[:0])
	batch.Buffers = run.buffers
	return answered(run.Push(input, batch))
}

//go:wasmexport run_end_keys
func endKeys(rep word) unsafe.Pointer { return answered(runs[rep].EndKeys()) }

//go:wasmexport run_finish
func finish(rep word) unsafe.Pointer { return answered(runs[rep].Finish()) }

func answered(failure *wire.Failure) unsafe.Pointer {
	flush()
	if failure != nil {
		return failed(failure)
	}
	return done()
}

//go:wasmexport run_next
func next(rep word) unsafe.Pointer {
	run := runs[rep]
	made, failure := run.Next()
	flush()
	if failure != nil {
		return failed(failure)
	}
	if made == nil {
		run.held.release()
		run.held = nil
	}
	return output(made)
}

//go:wasmexport run_drop
func drop(rep word) {
	runs[rep].held.release()
	delete(runs, rep)
}
