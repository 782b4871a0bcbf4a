//go:build !wasip1

package sandglass

import (
	"math/rand/v2"
	"testing"

	"sandglass.dev/guest/internal/wire"
)

func TestBuildersAnswerWhatWasAppended(t *testing.T) {
	eachRandom(t, func(t *testing.T, _ *rand.Rand, _ *Column, cells []any, a array) {
		same(t, "array", cellsOf(&a), cells)
	})
}

func TestRowsCrossTheBoundary(t *testing.T) {
	eachRandom(t, func(t *testing.T, _ *rand.Rand, c *Column, cells []any, a array) {
		s := newSchema([]Column{*c})
		sent := encoded(s.columns, newBatch(s, a.length, []array{a}, nil))
		checkLayout(t, c, sent)
		m := &memory{}
		got, err := decode(s, cloned(sent), m, nil)
		if err != nil {
			t.Fatal(err)
		}
		same(t, "decoded", cellsOf(&got.columns[0].array), cells)
		again, err := decode(s, cloned(encoded(s.columns, got)), m, got)
		if err != nil {
			t.Fatal(err)
		}
		same(t, "decoded again", cellsOf(&again.columns[0].array), cells)
	})
}

// checkLayout looks at what the contract asks of buffers.
func checkLayout(t *testing.T, c *Column, sent wire.Batch) {
	t.Helper()
	nodes, buffers := sent.Nodes, sent.Buffers
	next := func() []byte {
		buffer := buffers[0]
		buffers = buffers[1:]
		return buffer
	}
	var look func(c *Column, rows int)
	exact := func(c *Column, buffer []byte, want int) {
		if len(buffer) != want {
			t.Fatalf("%s: %d bytes, not %d", kindName(c), len(buffer), want)
		}
	}
	bits := func(c *Column, buffer []byte, rows int) {
		exact(c, buffer, bitBytes(rows))
		if rest := rows & 7; rest != 0 && buffer[len(buffer)-1]>>rest != 0 {
			t.Fatalf("%s: bits beyond the rows", kindName(c))
		}
	}
	look = func(c *Column, rows int) {
		node := nodes[0]
		nodes = nodes[1:]
		if int(node.Length) != rows {
			t.Fatalf("%s: %d rows, not %d", kindName(c), node.Length, rows)
		}
		validity := next()
		if node.NullCount == 0 {
			exact(c, validity, 0)
		} else {
			bits(c, validity, rows)
			if valid := ones(validity, 0, rows); rows-valid != int(node.NullCount) {
				t.Fatalf("%s: %d nulls, not %d", kindName(c), rows-valid, node.NullCount)
			}
		}
		items := rows
		switch c.kind {
		case wire.Boolean:
			bits(c, next(), rows)
		case wire.Utf8, wire.Binary, wire.List, wire.Map:
			offsets := view[int32](next())
			if len(offsets) != rows+1 || offsets[0] != 0 {
				t.Fatalf("%s: offsets %v", kindName(c), offsets)
			}
			items = int(offsets[rows])
			if len(c.children) == 0 {
				exact(c, next(), items)
			}
		case wire.FixedSizeList:
			items = rows * c.size
		case wire.Struct:
		default:
			exact(c, next(), rows*c.width())
		}
		for i := range c.children {
			look(&c.children[i], items)
		}
	}
	look(c, int(sent.Rows))
	if len(nodes)+len(buffers) > 0 {
		t.Fatalf("%d nodes and %d buffers too many", len(nodes), len(buffers))
	}
}

func TestBitsBeyondTheRowsAreIgnored(t *testing.T) {
	s := newSchema([]Column{Boolean("b").Nullable()})
	batch := wire.Batch{Rows: 3, Nodes: []wire.Node{{Length: 3, NullCount: 1}}, Buffers: [][]byte{{0xFD}, {0xF9}}}
	rows, err := decode(s, batch, nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	same(t, "rows", cellsOf(&rows.columns[0].array), []any{true, nil, false})
	sent := encoded(s.columns, rows)
	if sent.Buffers[0][0] != 0b101 || sent.Buffers[1][0] != 0b001 {
		t.Errorf("%b", sent.Buffers)
	}
	if batch.Buffers[0][0] != 0xFD {
		t.Error("the host's buffer was changed")
	}
}

func TestZerosUnderNulls(t *testing.T) {
	column := Struct("s", Int64("whole"), Utf8("text").Nullable(), FixedSizeList("pair", Int8("item").Nullable(), 2)).Nullable()
	b := NewBuilder(column, 0)
	b.Append([]any{7, "seven", []any{1, 2}})
	b.AppendNull()
	a := b.Array().array
	whole, text, pair := a.field(0), a.field(1), a.field(2)
	items := pair.below(0)
	same(t, "whole", cellsOf(&whole), []any{int64(7), int64(0)})
	same(t, "text", cellsOf(&text), []any{"seven", nil})
	same(t, "items", cellsOf(&items), []any{int8(1), int8(2), nil, nil})
}

func TestWhatTheHostHandsInIsCompared(t *testing.T) {
	node := wire.Node{Length: 2}
	batch := func(nodes []wire.Node, buffers ...[]byte) wire.Batch {
		return wire.Batch{Rows: 2, Nodes: nodes, Buffers: buffers}
	}
	one, two := []wire.Node{node}, []wire.Node{node, node}
	offsets := asBytes([]int32{0, 1, 1})
	for want, batch := range map[string]wire.Batch{
		"a node is missing":                                  batch(nil),
		"3 rows of 2":                                        batch([]wire.Node{{Length: 3}}),
		"a buffer is missing":                                batch(one),
		"2 bytes of validity for 2 rows":                     batch(one, []byte{0, 0}),
		"4 bytes for 3 values":                               batch(one, nil, make([]byte, 4)),
		"offsets from 1 to 1":                                batch(one, nil, asBytes([]int32{1, 1, 1})),
		"2 bytes for 1 values":                               batch(one, nil, offsets, []byte{1, 2}),
		"the host's batch has more than its schema asks for": batch(two, nil, offsets, []byte{1}),
	} {
		_, err := decode(newSchema([]Column{Utf8("t")}), batch, nil, nil)
		if err == nil {
			t.Errorf("no error, not %s", want)
		} else if got := err.Error(); got != want && got != "the host's column `t`: "+want {
			t.Errorf("%s, not %s", got, want)
		}
	}
}
