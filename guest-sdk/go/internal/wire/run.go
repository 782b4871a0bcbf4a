package wire

// Interval is [Start, End) in microseconds since 1970, UTC.
type Interval struct{ Start, End int64 }

// Mode is why a run is made.
type Mode uint8

const (
	Materialize Mode = iota
	Streaming
	Request
)

// Given is a parameter's value.
type Given struct {
	Name  string
	Value Value
}

// Context is the materialization context.
type Context struct {
	Mode Mode
	// Interval is set in the mode Materialize; of a Request its Start is the time.
	Interval Interval
	// Ranges has an entry for each input, nil if its rows were not filtered.
	Ranges     []*Interval
	Parameters []Given
	Lineage    bool
	Properties []Property
}

// Node is one array of a batch, in the order of the schema's nodes.
type Node struct{ Length, NullCount uint32 }

// Batch is rows in the contract's layout: for each node its validity (empty without nulls), then offsets and values.
type Batch struct {
	Rows    uint32
	Nodes   []Node
	Buffers [][]byte
}

// Rejection is a row that could not be used.
type Rejection struct {
	Row     uint32
	Message string
}

// Output is rows that a run made.
type Output struct {
	Batch Batch
	// SourceRows counts where HasSourceRows is set.
	SourceRows    []uint32
	HasSourceRows bool
	Rejected      []Rejection
}

// FailureKind is whose fault a failure is.
type FailureKind uint8

const (
	InputFailure FailureKind = iota
	ParameterFailure
	InternalFailure
)

// Failure ends a run.
type Failure struct {
	Kind       FailureKind
	Message    string
	Input, Row *uint32
}

// Run is one run of a transformation.
type Run interface {
	Push(input uint32, batch Batch) *Failure
	EndKeys() *Failure
	Finish() *Failure
	// Next answers nil when there is no more until the next call. What it answers stays as it is until the next call.
	Next() (*Output, *Failure)
	// Retains tells whether the memory of pushed batches is the run's for good. Otherwise it may be overwritten when Next has
	// answered nil.
	Retains() bool
}

// Component is what a program serves.
type Component interface {
	Describe() ([]Contract, *Failure)
	Open(name string, context Context) (Run, *Failure)
}

// Level is how much a message matters.
type Level uint32

const (
	Debug Level = iota
	Info
	Warn
	Error
)

var (
	// Served is this program's component; package sandglass sets it.
	Served Component
	// Log hands a message to the host. Its text is UTF-8.
	Log func(level Level, text string)
)
