//go:build !wasip1

package sandglass

import (
	"bytes"
	"errors"
	"slices"
	"sync"

	"sandglass.dev/guest/internal/testhook"
	"sandglass.dev/guest/internal/wire"
)

// What package sandglasstest runs, through the same conversions and checks as in a component.

func init() {
	testhook.Run = runTest
	testhook.Values = func(batch any, column string) []any {
		rows := batch.(*Batch).Column(column)
		values := make([]any, rows.Len())
		for row := range values {
			values[row] = valueOf(&rows.array, row)
		}
		return values
	}
}

// heard is held by the run whose messages are heard.
var heard sync.Mutex

func runTest(transformation any, setup testhook.Setup) (*testhook.Outcome, error) {
	heard.Lock()
	defer heard.Unlock()
	outcome := &testhook.Outcome{}
	host := wire.Log
	defer func() { wire.Log = host }()
	wire.Log = func(level wire.Level, text string) {
		outcome.Logs = append(outcome.Logs, testhook.Log{Level: level, Text: text})
		host(level, text)
	}
	failed := guard(func() error {
		d := transformation.(Transformation).define()
		if _, err := d.contract(); err != nil {
			return err
		}
		test := &test{d: d, setup: setup, outcome: outcome}
		return test.run()
	})
	if failed != nil {
		return outcome, errorOf(failed)
	}
	return outcome, nil
}

func errorOf(failed *wire.Failure) *Error {
	number := func(n *uint32) *int {
		if n == nil {
			return nil
		}
		i := int(*n)
		return &i
	}
	return &Error{Kind: FailureKind(failed.Kind), Message: failed.Message, Input: number(failed.Input), Row: number(failed.Row)}
}

type test struct {
	d       *definition
	setup   testhook.Setup
	outcome *testhook.Outcome
	driver  *driver
	// parts are outputs as the host has them.
	parts []*Batch
}

func (t *test) run() error {
	if len(t.setup.Inputs) != len(t.d.inputs) {
		return internal("rows of %d inputs for a transformation of %d", len(t.setup.Inputs), len(t.d.inputs))
	}
	context, err := t.context()
	if err != nil {
		return err
	}
	run, failed := opened(t.d, context)
	if failed != nil {
		return errorOf(failed)
	}
	t.driver = run.(*driver)
	for i := range t.d.inputs {
		rows, err := t.prepared(i)
		if err != nil {
			return internal("input `%s`: %s", t.d.inputs[i].Name, err)
		}
		for from := 0; from < rows.rows; from += t.setup.BatchRows {
			if err := t.push(i, rows.Slice(from, min(t.setup.BatchRows, rows.rows-from)), from); err != nil {
				return err
			}
		}
	}
	if t.d.scope == wire.KeyedScope {
		if failed := t.driver.EndKeys(); failed != nil {
			return errorOf(failed)
		}
		if err := t.drain(0); err != nil {
			return err
		}
	}
	if failed := t.driver.Finish(); failed != nil {
		return errorOf(failed)
	}
	err = t.drain(0)
	t.outcome.Batch = joined(t.d.output, t.parts)
	return err
}

// push hands rows in as the host does, and overwrites their memory when their output is taken, so that what was kept of it shows.
func (t *test) push(input int, rows *Batch, from int) error {
	batch := cloned(encoded(t.d.inputs[input].Columns, rows))
	var err error
	if failed := t.driver.Push(uint32(input), batch); failed != nil {
		err = errorOf(failed)
	} else {
		err = t.drain(from)
	}
	var ours *Error
	if errors.As(err, &ours) && ours.Row != nil && t.d.scope <= wire.RowScope {
		return ours.OfRow(*ours.Row + from)
	}
	if err == nil && !t.driver.Retains() {
		for _, buffer := range batch.Buffers {
			copy(buffer, bytes.Repeat([]byte{0xDB}, len(buffer)))
		}
		for i := range t.driver.memory.words {
			t.driver.memory.words[i] = 0xDBDBDBDBDBDBDBDB
		}
	}
	return err
}

func encoded(columns []Column, rows *Batch) wire.Batch {
	var e encoder
	e.reset(rows.rows)
	for i := range columns {
		e.column(&columns[i], &rows.at(i).array)
	}
	return e.batch
}

func cloned(batch wire.Batch) wire.Batch {
	buffers := make([][]byte, len(batch.Buffers))
	for i, buffer := range batch.Buffers {
		words := make([]uint64, (len(buffer)+7)/8)
		buffers[i] = asBytes(words)[:len(buffer)]
		copy(buffers[i], buffer)
	}
	return wire.Batch{Rows: batch.Rows, Nodes: slices.Clone(batch.Nodes), Buffers: buffers}
}

// drain takes what is ready; from is where the batch last pushed begins in its input.
func (t *test) drain(from int) error {
	for {
		output, failed := t.driver.Next()
		if failed != nil {
			return errorOf(failed)
		}
		if output == nil {
			return nil
		}
		part, err := decode(t.d.output, cloned(output.Batch), nil, nil)
		if err != nil {
			return err
		}
		t.parts = append(t.parts, part)
		for _, row := range output.SourceRows {
			t.outcome.SourceRows = append(t.outcome.SourceRows, row+uint32(from))
		}
		for _, r := range output.Rejected {
			t.outcome.Rejected = append(t.outcome.Rejected, wire.Rejection{Row: r.Row + uint32(from), Message: r.Message})
		}
	}
}
