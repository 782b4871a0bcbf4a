package sandglass

// Run is one run with a state of its own, for what the simple functions cannot do, such as going over an interval without holding
// it. After each of the other calls Next is called until it answers nil.
//
// Batches, their arrays and the texts in them are the run's to keep.
type Run interface {
	// Push is given rows of an input.
	Push(input int, batch *Batch) error
	// EndKeys says, in the keyed scope only, that every row of the keys pushed so far is in, and none of them comes again.
	EndKeys() error
	// Finish says that all rows are in.
	Finish() error
	// Next is the next output, nil if there is no more until the next call.
	Next() (*Output, error)
}

// transient is a run that keeps nothing of a batch when Next has answered nil. What it makes may lie in its memory, which is used
// again for the next batch.
type transient interface{ scratch() *memory }
