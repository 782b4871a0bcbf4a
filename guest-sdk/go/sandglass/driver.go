package sandglass

import (
	"slices"

	"sandglass.dev/guest/internal/wire"
)

// driver drives a run, the same in a component and in a test, and holds its outputs to the contract.
type driver struct {
	d       *definition
	run     Run
	memory  *memory
	lineage bool
	// rowsIn counts the batch last pushed, -1 after the other calls; rowsOut counts what came out since then.
	rowsIn, rowsOut int
	// rest is what is left of an output that is handed out in parts.
	rest    *checked
	encoder encoder
	output  wire.Output
	// batches and checked are used again where the run keeps nothing of a batch.
	batches []*Batch
	checked checked
}

// checked is an output as the contract has it.
type checked struct {
	arrays     []array
	rows       int
	sourceRows []uint32
	rejected   []Rejection
	from       int
}

func openDriver(d *definition, context wire.Context) (*driver, error) {
	run, err := d.opens[0](&Context{context, d.inputs})
	if err != nil {
		return nil, err
	}
	if run == nil {
		return nil, internal("Open answered no run")
	}
	driver := &driver{
		d: d, run: run, lineage: context.Lineage && d.scope <= wire.RowScope, rowsIn: -1, batches: make([]*Batch, len(d.inputs)),
	}
	if run, ok := run.(transient); ok {
		driver.memory = run.scratch()
		driver.encoder.memory = driver.memory
	}
	return driver, nil
}

func (d *driver) Retains() bool { return d.memory == nil }

func (d *driver) Push(input uint32, batch wire.Batch) *wire.Failure {
	return guard(func() error {
		if int(input) >= len(d.d.inputs) {
			return internal("there is no input %d", input)
		}
		if d.rest != nil {
			return internal("a batch is pushed before the last one's output is taken")
		}
		if d.memory != nil {
			d.memory.reset()
		}
		rows, err := decode(d.d.schemas[input], batch, d.memory, d.batches[input])
		if err != nil {
			return err
		}
		if d.memory != nil {
			d.batches[input] = rows
		}
		d.rowsIn, d.rowsOut = rows.rows, 0
		return d.run.Push(int(input), rows)
	})
}

func (d *driver) EndKeys() *wire.Failure {
	return guard(func() error {
		if d.d.scope != wire.KeyedScope {
			return internal("end-keys outside of the keyed scope")
		}
		d.rowsIn, d.rowsOut = -1, 0
		return d.run.EndKeys()
	})
}

func (d *driver) Finish() *wire.Failure {
	return guard(func() error {
		d.rowsIn, d.rowsOut = -1, 0
		return d.run.Finish()
	})
}

func (d *driver) Next() (output *wire.Output, failed *wire.Failure) {
	failed = guard(func() (err error) {
		output, err = d.next()
		return err
	})
	return output, failed
}

func (d *driver) next() (*wire.Output, error) {
	for d.rest == nil {
		made, err := d.run.Next()
		if err != nil {
			return nil, err
		}
		if made == nil {
			return nil, d.checkAligned(true)
		}
		if err := d.give(made); err != nil {
			return nil, err
		}
	}
	return d.part(), nil
}

// give checks an output. One without rows and rejected rows says nothing.
func (d *driver) give(o *Output) error {
	arrays, rows, err := o.found(d.d.output, d.checked.arrays)
	if err != nil {
		return err
	}
	if err := conform(d.d.output, arrays, rows); err != nil {
		return internal("output: %s", err)
	}
	c := &d.checked
	*c = checked{arrays: arrays, rows: rows, sourceRows: o.SourceRows, rejected: o.Rejected}
	if err := d.checkRejected(c); err != nil {
		return err
	}
	if d.lineage {
		if err := d.checkSourceRows(c); err != nil {
			return err
		}
	}
	d.rowsOut += rows
	if err := d.checkAligned(false); err != nil {
		return err
	}
	if rows > 0 || len(c.rejected) > 0 {
		d.rest = c
	}
	return nil
}

// checkAligned compares rows out with rows in, when all are out or while there may be more.
func (d *driver) checkAligned(all bool) error {
	rowsIn := max(d.rowsIn, 0)
	if d.d.scope != wire.AlignedScope || d.rowsOut == rowsIn || d.rowsOut < rowsIn && !all {
		return nil
	}
	return internal("%d rows out for %d rows in; the aligned scope has one for each", d.rowsOut, rowsIn)
}

func (d *driver) checkRejected(c *checked) error {
	if len(c.rejected) == 0 {
		return nil
	}
	if d.d.scope != wire.RowScope {
		return internal("only the row scope can reject rows: leave them out, or return an InputError")
	}
	c.rejected = slices.Clone(c.rejected)
	slices.SortStableFunc(c.rejected, func(l, r Rejection) int { return l.Row - r.Row })
	for _, row := range []int{c.rejected[0].Row, c.rejected[len(c.rejected)-1].Row} {
		if row < 0 || row >= d.rowsIn {
			return internal("rejected row %d of a batch of %d", row, max(d.rowsIn, 0))
		}
	}
	return nil
}

// checkSourceRows looks at those that are given, and finds those that are implied: in the aligned scope by their order, in the row
// scope by one row out for each row in that was not rejected.
func (d *driver) checkSourceRows(c *checked) error {
	rowsIn := max(d.rowsIn, 0)
	if d.d.scope == wire.AlignedScope {
		c.sourceRows = room[uint32](d.memory, c.rows)
		for i := range c.sourceRows {
			c.sourceRows[i] = uint32(d.rowsOut + i)
		}
		return nil
	}
	if c.sourceRows == nil {
		rejected := c.rejected
		for row := range rowsIn {
			isRejected := false
			for len(rejected) > 0 && rejected[0].Row == row {
				isRejected, rejected = true, rejected[1:]
			}
			if !isRejected {
				c.sourceRows = append(c.sourceRows, uint32(row))
			}
		}
		if c.rows > 0 && (len(c.sourceRows) != c.rows || d.rowsOut > 0) {
			return internal("%d rows out for %d rows in: say in Output.SourceRows which row each came from", c.rows, len(c.sourceRows))
		}
		c.sourceRows = c.sourceRows[:c.rows]
		return nil
	}
	if len(c.sourceRows) != c.rows {
		return internal("%d source rows for %d rows", len(c.sourceRows), c.rows)
	}
	if c.rows == 0 {
		return nil
	}
	if !slices.IsSorted(c.sourceRows) {
		return internal("source rows that fall")
	}
	if last := c.sourceRows[c.rows-1]; int(last) >= rowsIn {
		return internal("source row %d of %d", last, rowsIn)
	}
	return nil
}

// part is the next rows of the output at hand, in the contract's layout; rejected rows go with the first.
func (d *driver) part() *wire.Output {
	c := d.rest
	rows := min(c.rows-c.from, outputRows)
	d.encoder.reset(rows)
	for i := range c.arrays {
		part := c.arrays[i].slice(c.from, rows)
		d.encoder.column(&d.d.output.columns[i], &part)
	}
	d.output = wire.Output{Batch: d.encoder.batch, HasSourceRows: d.lineage}
	if d.lineage {
		d.output.SourceRows = c.sourceRows[c.from : c.from+rows]
	}
	for _, r := range c.rejected {
		d.output.Rejected = append(d.output.Rejected, wire.Rejection{Row: uint32(r.Row), Message: clean(r.Reason)})
	}
	c.rejected = nil
	if c.from += rows; c.from == c.rows {
		d.rest = nil
	}
	return &d.output
}
