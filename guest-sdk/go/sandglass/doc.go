// Package sandglass is for writing Sandglass transformations in Go.
//
// A transformation is a function from rows to rows. You describe its columns, write the function, and register it; Sandglass
// compiles the folder with the Go command to a WebAssembly component and feeds it rows.
//
// # A folder
//
// It holds a package main with a go.mod:
//
//	module example.org/orders
//
//	go 1.24
//
//	require sandglass.dev/guest v0.0.0
//
//	replace sandglass.dev/guest => ../../sdk
//
// and in it:
//
//	func init() { sandglass.Register(orderDetails) }
//
//	func main() {}
//
// Transformations are registered in an init function, as a component has no main: the compiler only asks for one. `sandglass build`
// compiles the folder, which by hand is
//
//	GOOS=wasip1 GOARCH=wasm go build -trimpath -buildvcs=false -buildmode=c-shared -ldflags='-s -w' -o orders.wasm .
//
// Everything builds natively, too, so that `go vet` and `go test` work as ever: see package sandglasstest.
//
// # Scopes
//
// There is a type for each scope, which says how far the host may split the input: [Aligned], [Row], [Keyed] and [Interval]. Each
// is a struct of a name, inputs, an output and one function. The function of Emit emits rows one by one, that of Batch returns
// whole columns, and Open returns a [Run] that is given every call.
//
// # Rows one by one
//
// Emit takes the cells of a row in the order of the output's columns: see [Builder.Append]. In the row scope it also takes the row
// of the batch that the row came from: the host counts by it, and names the row when something is wrong. See the example of [Row].
//
// # Columns at once
//
// What computes whole columns is faster. Columns of a [Batch] are slices and views of the bytes that the host handed in, found by
// name and kind; nothing is copied. A filter is [Batch.Filter] of the rows that [Values.Greater] and its like, or [Batch.Where],
// answer; [Batch.Take] copies rows in any order. [Int64s], [Float64s], [Timestamps] and their like make arrays of slices without a
// copy, and a [Builder] makes those of any kind, with nulls. [ColumnsOf] is an output of arrays; a column of the batch may be one.
//
// # Memory
//
// In the row and aligned scopes a batch, and what is taken of it, lives as long as the call that is given it: then its memory is
// used again. This goes for texts, too, which are not copied: keep what [strings.Clone] answers. In the other scopes, and for a
// [Run], batches are the function's to keep. In tests the memory of a batch is overwritten when its call has ended, so that what
// was kept by mistake shows.
//
// # What goes wrong
//
// An error that a function returns ends the run. [InputError] says that the rows are to blame and which one, [ParameterError] that
// a parameter is; every other error is the transformation's own fault. A row that cannot be used, but need not stop the run, is
// rejected in the row scope: see [Emitter.Reject].
//
// What contradicts the contract, such as a column that is not there, a cell that does not fit or a parameter of another kind, is a
// mistake in the program and not in its data, so it panics. A panic, be it one of these or the author's, ends the run with its
// words, and the log has the calls that led to it, with files and lines. A panic in another goroutine, a deadlock, os.Exit, endless
// recursion and memory that is used up end it, too, with less to say.
//
// # What is not there
//
// No clock, no randomness, no files, no network, no threads: the same context and rows give the same answer. time.Now is the end of
// the interval or the time of the request, time.Sleep returns at once, math/rand and crypto/rand give the same numbers in each run,
// and what opens files or connections returns errors. Goroutines take turns on one thread. What is printed is logged.
package sandglass
