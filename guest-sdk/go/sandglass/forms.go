package sandglass

// The runs behind simple functions.

// batchRun answers with one output for each batch.
type batchRun struct {
	ctx      *Context
	function func(*Context, *Batch) (Output, error)
	ready    *Output
	memory   memory
}

func perBatch(function func(*Context, *Batch) (Output, error)) func(*Context) (Run, error) {
	return func(ctx *Context) (Run, error) { return &batchRun{ctx: ctx, function: function}, nil }
}

func (r *batchRun) scratch() *memory { return &r.memory }
func (r *batchRun) EndKeys() error   { return nil }
func (r *batchRun) Finish() error    { return nil }

func (r *batchRun) Push(_ int, batch *Batch) error {
	output, err := r.function(r.ctx, batch)
	r.ready = &output
	return err
}

func (r *batchRun) Next() (*Output, error) {
	ready := r.ready
	r.ready = nil
	return ready, nil
}

// queue hands outputs out one by one.
type queue struct {
	outputs []Output
	next    int
}

func (q *queue) fill(outputs []Output) { q.outputs, q.next = outputs, 0 }

func (q *queue) Next() (*Output, error) {
	if q.next == len(q.outputs) {
		q.fill(nil)
		return nil, nil
	}
	q.next++
	return &q.outputs[q.next-1], nil
}

// emitRun emits rows for each batch.
type emitRun struct {
	queue
	ctx     *Context
	emitter Emitter
	batch   func(*Context, *Batch, *Emitter) error
	// isAligned is set where rows have no source.
	isAligned bool
	memory    memory
}

func emitRows(d *definition, function func(*Context, *Batch, *Emitter) error) func(*Context) (Run, error) {
	return func(ctx *Context) (Run, error) {
		r := &emitRun{ctx: ctx, batch: function}
		r.emitter.rows = newRows(d.output, &r.memory)
		return r, nil
	}
}

func emitAligned(d *definition, function func(*Context, *Batch, *Rows) error) func(*Context) (Run, error) {
	rows := func(ctx *Context, batch *Batch, out *Emitter) error { return function(ctx, batch, out.rows) }
	return func(ctx *Context) (Run, error) {
		r := &emitRun{ctx: ctx, batch: rows, isAligned: true}
		r.emitter.rows = newRows(d.output, &r.memory)
		return r, nil
	}
}

func (r *emitRun) scratch() *memory { return &r.memory }
func (r *emitRun) EndKeys() error   { return nil }
func (r *emitRun) Finish() error    { return nil }

func (r *emitRun) Push(_ int, batch *Batch) error {
	r.emitter.begin(batch.rows)
	if err := r.batch(r.ctx, batch, &r.emitter); err != nil {
		return err
	}
	if r.isAligned {
		r.emitter.rows.flush()
		r.fill(r.emitter.rows.ready)
	} else {
		r.fill(r.emitter.outputs())
	}
	return nil
}

// keyedRun collects a range of keys, and emits rows for each of them.
type keyedRun struct {
	queue
	ctx      *Context
	d        *definition
	lanes    []*lane
	rows     *Rows
	function func(*Context, *Group, *Rows) error
}

func emitKeys(d *definition, function func(*Context, *Group, *Rows) error) func(*Context) (Run, error) {
	return func(ctx *Context) (Run, error) {
		r := &keyedRun{ctx: ctx, d: d, rows: newRows(d.output, nil), function: function}
		r.begin()
		return r, nil
	}
}

func (r *keyedRun) begin() {
	r.lanes = nil
	for _, s := range r.d.schemas {
		r.lanes = append(r.lanes, newLane(s))
	}
}

func (r *keyedRun) Push(input int, batch *Batch) error {
	if batch.rows == 0 {
		return nil
	}
	return r.lanes[input].add(batch, r.d.inputs[input].Keys)
}

func (r *keyedRun) EndKeys() error {
	lanes := r.lanes
	r.begin()
	r.rows.forget()
	err := eachKey(r.d.inputs, lanes, func(group *Group) error { return r.function(r.ctx, group, r.rows) })
	r.rows.flush()
	r.fill(r.rows.ready)
	return err
}

func (r *keyedRun) Finish() error {
	for _, l := range r.lanes {
		if len(l.batches) > 0 {
			return internal("the run ends inside of a range of keys")
		}
	}
	return nil
}

// intervalRun collects a whole interval, and emits rows for it.
type intervalRun struct {
	queue
	ctx      *Context
	inputs   *Inputs
	rows     *Rows
	function func(*Context, *Inputs, *Rows) error
}

func emitInterval(d *definition, function func(*Context, *Inputs, *Rows) error) func(*Context) (Run, error) {
	return func(ctx *Context) (Run, error) {
		inputs := &Inputs{d.inputs, d.schemas, make([][]*Batch, len(d.inputs))}
		return &intervalRun{ctx: ctx, inputs: inputs, rows: newRows(d.output, nil), function: function}, nil
	}
}

func (r *intervalRun) EndKeys() error { return nil }

func (r *intervalRun) Push(input int, batch *Batch) error {
	r.inputs.batches[input] = append(r.inputs.batches[input], batch)
	return nil
}

func (r *intervalRun) Finish() error {
	err := r.function(r.ctx, r.inputs, r.rows)
	r.inputs = nil
	r.rows.flush()
	r.fill(r.rows.ready)
	return err
}
