// Package wire holds the contract sandglass:transform as Go types: what crosses between a component and the host.
package wire

// Kind is what one node of a schema holds, in the contract's order.
type Kind uint8

const (
	Boolean Kind = iota
	Int8
	Int16
	Int32
	Int64
	Uint8
	Uint16
	Uint32
	Uint64
	Float32
	Float64
	Decimal128
	Utf8
	Binary
	FixedSizeBinary
	Date32
	Timestamp
	Duration
	List
	FixedSizeList
	Struct
	Map
)

// Field is one node of a schema; a schema is its nodes depth first.
type Field struct {
	Name string
	Kind Kind
	// Precision and Scale are a decimal's.
	Precision uint8
	Scale     int8
	// Size is the width of fixed-size-binary, or the elements of a fixed-size-list.
	Size     uint32
	Nullable bool
	Children uint32
}

// Input is what a transformation reads.
type Input struct {
	Name    string
	Columns []Field
	Keys    []string
}

// ValueKind is the kind of a parameter.
type ValueKind uint8

const (
	BooleanValue ValueKind = iota
	Int64Value
	Float64Value
	Utf8Value
	TimestampValue
	DurationValue
)

func (k ValueKind) String() string {
	return [...]string{"boolean", "int64", "float64", "utf8", "timestamp", "duration"}[k]
}

// Value is the value of a parameter; the member that its kind asks for is set.
type Value struct {
	Kind    ValueKind
	Boolean bool
	// Whole is the value of an int64, and the microseconds of a timestamp or a duration.
	Whole int64
	Float float64
	Text  string
}

// Parameter is declared by a transformation, and given by a feature view.
type Parameter struct {
	Name    string
	Kind    ValueKind
	Default *Value
	Doc     string
}

// Scope says how far the host may split the input over runs.
type Scope uint8

const (
	AlignedScope Scope = iota
	RowScope
	KeyedScope
	IntervalScope
)

// Property is a name and a value that another version of the contract may know.
type Property struct{ Name, Value string }

// Contract describes one transformation.
type Contract struct {
	Name       string
	Doc        string
	Inputs     []Input
	Output     []Field
	Scope      Scope
	Parameters []Parameter
	Properties []Property
}
