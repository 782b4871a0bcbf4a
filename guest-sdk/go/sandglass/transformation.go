package sandglass

import "sandglass.dev/guest/internal/wire"

// Transformation is an [Aligned], a [Row], a [Keyed] or an [Interval]: the four scopes, which say how far the host may split the
// input over runs.
type Transformation interface{ define() *definition }

// Input is what a transformation reads: a name, columns, and in the keyed scope the columns that make the key. A view's source
// goes to the input of its name, or by `input = "…"`.
type Input struct {
	Name    string
	Columns Columns
	// Keys names columns that are boolean, int64, date32, timestamp or utf8.
	Keys []string
}

// Aligned makes one row out for each row in, in the same order. Set one of Batch, Emit and Open.
type Aligned struct {
	Name, Doc  string
	Input      Input
	Parameters []Parameter
	Output     Columns
	// Batch is called for each batch, and returns columns of as many rows.
	Batch func(ctx *Context, batch *Batch) (Output, error)
	// Emit is called for each batch, and emits as many rows.
	Emit func(ctx *Context, batch *Batch, out *Rows) error
	// Open is called for each run, and returns what is given every call of the contract.
	Open func(ctx *Context) (Run, error)
	// Properties are for a host later than this SDK; one that does not know them ignores them.
	Properties map[string]string
}

// Row makes any number of rows out of every row by itself. Set one of Batch, Emit and Open.
type Row struct {
	Name, Doc  string
	Input      Input
	Parameters []Parameter
	Output     Columns
	// Batch is called for each batch, and returns columns.
	Batch func(ctx *Context, batch *Batch) (Output, error)
	// Emit is called for each batch, and emits rows one by one.
	Emit func(ctx *Context, batch *Batch, out *Emitter) error
	// Open is called for each run, and returns what is given every call of the contract.
	Open func(ctx *Context) (Run, error)
	// Properties are for a host later than this SDK; one that does not know them ignores them.
	Properties map[string]string
}

// Keyed makes rows of all rows of a key, of every input. It needs `incremental_backfills` in the view. Set one of Emit and Open.
type Keyed struct {
	Name, Doc  string
	Inputs     []Input
	Parameters []Parameter
	Output     Columns
	// Emit is called for each key, keys rising, and emits rows.
	Emit func(ctx *Context, group *Group, out *Rows) error
	// Open is called for each run, and returns what is given every call of the contract.
	Open func(ctx *Context) (Run, error)
	// Properties are for a host later than this SDK; one that does not know them ignores them.
	Properties map[string]string
}

// Interval makes rows of a whole interval in one run. It needs `incremental_backfills` in the view. Set one of Emit and Open.
type Interval struct {
	Name, Doc  string
	Inputs     []Input
	Parameters []Parameter
	Output     Columns
	// Emit is called once, with all rows of every input, and emits rows.
	Emit func(ctx *Context, inputs *Inputs, out *Rows) error
	// Open is called for each run, and returns what is given every call of the contract.
	Open func(ctx *Context) (Run, error)
	// Properties are for a host later than this SDK; one that does not know them ignores them.
	Properties map[string]string
}

// definition is what the four have in common.
type definition struct {
	name, doc  string
	scope      wire.Scope
	inputs     []Input
	schemas    []*schema
	output     *schema
	parameters []Parameter
	properties map[string]string
	// opens are the ways in which a run can be made; there should be one.
	opens []func(ctx *Context) (Run, error)
}

func (d *definition) way(isSet bool, open func(ctx *Context) (Run, error)) {
	if isSet {
		d.opens = append(d.opens, open)
	}
}

func newDefinition(
	name, doc string, scope wire.Scope, inputs []Input, parameters []Parameter, output Columns, properties map[string]string,
) *definition {
	d := &definition{
		name: name, doc: doc, scope: scope, inputs: inputs, output: newSchema(output), parameters: parameters, properties: properties,
	}
	for _, input := range inputs {
		d.schemas = append(d.schemas, newSchema(input.Columns))
	}
	return d
}

func (t Aligned) define() *definition {
	d := newDefinition(t.Name, t.Doc, wire.AlignedScope, []Input{t.Input}, t.Parameters, t.Output, t.Properties)
	d.way(t.Batch != nil, perBatch(t.Batch))
	d.way(t.Emit != nil, emitAligned(d, t.Emit))
	d.way(t.Open != nil, t.Open)
	return d
}

func (t Row) define() *definition {
	d := newDefinition(t.Name, t.Doc, wire.RowScope, []Input{t.Input}, t.Parameters, t.Output, t.Properties)
	d.way(t.Batch != nil, perBatch(t.Batch))
	d.way(t.Emit != nil, emitRows(d, t.Emit))
	d.way(t.Open != nil, t.Open)
	return d
}

func (t Keyed) define() *definition {
	d := newDefinition(t.Name, t.Doc, wire.KeyedScope, t.Inputs, t.Parameters, t.Output, t.Properties)
	d.way(t.Emit != nil, emitKeys(d, t.Emit))
	d.way(t.Open != nil, t.Open)
	return d
}

func (t Interval) define() *definition {
	d := newDefinition(t.Name, t.Doc, wire.IntervalScope, t.Inputs, t.Parameters, t.Output, t.Properties)
	d.way(t.Emit != nil, emitInterval(d, t.Emit))
	d.way(t.Open != nil, t.Open)
	return d
}
