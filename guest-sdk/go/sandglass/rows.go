package sandglass

// outputRows is how many rows an output has at most.
const outputRows = 8_192

// Rows is where rows go, one by one.
type Rows struct {
	contract *schema
	columns  []*Builder
	rows     int
	ready    []Output
}

func newRows(contract *schema, m *memory) *Rows {
	r := &Rows{contract: contract}
	for i := range contract.columns {
		r.columns = append(r.columns, newBuilder(&contract.columns[i], m, 0))
	}
	return r
}

// Emit adds a row: its cells in the order of the output's columns. See [Builder.Append] for what a cell may be. Cells are not
// kept: their values are copied. A row that does not fit the contract fails the run.
func (r *Rows) Emit(cells ...any) { r.emit(cells) }

func (r *Rows) emit(cells []any) {
	if len(cells) != len(r.columns) {
		panic(internal("a row of %d cells, the output has %d columns: %s", len(cells), len(r.columns), r.contract.names()))
	}
	for i, column := range r.columns {
		switch cell := cells[i].(type) {
		case int64:
			column.AppendInt64(cell)
		case float64:
			column.AppendFloat64(cell)
		default:
			column.Append(cell)
		}
	}
	r.rows++
	if r.rows == outputRows {
		r.flush()
	}
}

// EmitColumns adds rows as columns, in the order of the output's.
func (r *Rows) EmitColumns(columns ...Array) {
	r.flush()
	r.ready = append(r.ready, ColumnsOf(columns...))
}

// flush makes an output of what was emitted.
func (r *Rows) flush() {
	if r.rows == 0 {
		return
	}
	r.rows = 0
	output := Output{Columns: make([]Array, len(r.columns))}
	for i, column := range r.columns {
		output.Columns[i] = column.Array()
	}
	r.ready = append(r.ready, output)
}

// forget drops what was emitted, and its memory.
func (r *Rows) forget() {
	for _, column := range r.columns {
		column.forget()
	}
	clear(r.ready)
	r.rows, r.ready = 0, r.ready[:0]
}

// Emitter is where the row scope puts its rows: each with the row of the batch that it came from.
type Emitter struct {
	rows     *Rows
	rowsIn   int
	sources  []uint32
	rejected []Rejection
}

// Emit adds a row that row source of the batch gave: its cells in the order of the output's columns. Sources never fall. See
// [Builder.Append] for what a cell may be. Cells are not kept: their values are copied. A row that does not fit the contract fails
// the run.
func (e *Emitter) Emit(source int, cells ...any) {
	if source < 0 || source >= e.rowsIn {
		panic(internal("row %d of a batch of %d", source, e.rowsIn))
	}
	if last := len(e.sources) - 1; last >= 0 && source < int(e.sources[last]) {
		panic(internal("source row %d after %d", source, e.sources[last]))
	}
	e.sources = append(e.sources, uint32(source))
	e.rows.emit(cells)
}

// Reject says that a row of the batch cannot be used, and why. The run goes on: rows are counted, and the view's `max_rejected`
// decides how many a job may have.
func (e *Emitter) Reject(source int, reason string) {
	e.rejected = append(e.rejected, Rejection{source, reason})
}

// begin forgets the last batch.
func (e *Emitter) begin(rowsIn int) {
	e.rows.forget()
	e.rowsIn, e.sources, e.rejected = rowsIn, e.sources[:0], nil
}

// outputs answers what was emitted, with source rows; rejected rows go with the last.
func (e *Emitter) outputs() []Output {
	e.rows.flush()
	from := 0
	for i := range e.rows.ready {
		rows := e.rows.ready[i].Columns[0].Len()
		e.rows.ready[i].SourceRows = e.sources[from : from+rows : from+rows]
		from += rows
	}
	if len(e.rejected) > 0 {
		if len(e.rows.ready) == 0 {
			e.rows.ready = append(e.rows.ready, Output{SourceRows: []uint32{}})
		}
		e.rows.ready[len(e.rows.ready)-1].Rejected = e.rejected
	}
	return e.rows.ready
}
