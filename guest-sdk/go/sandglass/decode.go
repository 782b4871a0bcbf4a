package sandglass

import (
	"unsafe"

	"sandglass.dev/guest/internal/wire"
)

// decoder finds arrays in the batch that the host handed in. Lengths of buffers and last offsets are compared, so that no array
// reaches beyond its memory; that offsets rise and that text is UTF-8 the host answers for.
type decoder struct {
	memory  *memory
	nodes   []wire.Node
	buffers [][]byte
}

// decode makes a batch of what the host handed in; into may be one of the same schema that is used again.
func decode(s *schema, batch wire.Batch, m *memory, into *Batch) (*Batch, error) {
	if into == nil {
		into = &Batch{schema: s, columns: make([]Untyped, len(s.columns)), memory: m}
	}
	into.rows = int(batch.Rows)
	d := &decoder{memory: m, nodes: batch.Nodes, buffers: batch.Buffers}
	for i := range s.columns {
		if err := d.column(&into.columns[i].array, &s.columns[i], into.rows); err != nil {
			return nil, internal("the host's column `%s`: %s", s.columns[i].name, err)
		}
		into.columns[i].isMade, into.columns[i].stale = true, true
	}
	if len(d.nodes) > 0 || len(d.buffers) > 0 {
		return nil, internal("the host's batch has more than its schema asks for")
	}
	return into, nil
}

func (d *decoder) buffer() ([]byte, error) {
	if len(d.buffers) == 0 {
		return nil, internal("a buffer is missing")
	}
	buffer := d.buffers[0]
	d.buffers = d.buffers[1:]
	return buffer, nil
}

// exact is a buffer of so many bytes.
func (d *decoder) exact(values, width int) ([]byte, error) {
	buffer, err := d.buffer()
	if err == nil && len(buffer) != values*width {
		err = internal("%d bytes for %d values", len(buffer), values)
	}
	if uintptr(unsafe.Pointer(unsafe.SliceData(buffer)))&7 != 0 {
		aligned := asBytes(make([]uint64, (len(buffer)+7)/8))[:len(buffer)]
		copy(aligned, buffer)
		buffer = aligned
	}
	return buffer, err
}

// offsets are those of so many rows, and the last of them.
func (d *decoder) offsets(rows int) ([]int32, int, error) {
	buffer, err := d.exact(rows+1, 4)
	if err != nil {
		return nil, 0, err
	}
	offsets := view[int32](buffer)
	if last := offsets[rows]; offsets[0] != 0 || last < 0 {
		return nil, 0, internal("offsets from %d to %d", offsets[0], last)
	}
	return offsets, int(offsets[rows]), nil
}

func (d *decoder) column(a *array, column *Column, rows int) error {
	*a = array{column: column, length: rows, children: a.children, memory: d.memory}
	if len(d.nodes) == 0 {
		return internal("a node is missing")
	}
	node := d.nodes[0]
	d.nodes = d.nodes[1:]
	if int(node.Length) != rows {
		return internal("%d rows of %d", node.Length, rows)
	}
	validity, err := d.buffer()
	if err != nil {
		return err
	}
	if len(validity) > 0 {
		if len(validity) != bitBytes(rows) {
			return internal("%d bytes of validity for %d rows", len(validity), rows)
		}
		if node.NullCount > 0 {
			a.validity, a.nulls = validity, int(node.NullCount)
		}
	}
	items := 0
	switch column.kind {
	case wire.Boolean:
		a.values, err = d.exact(bitBytes(rows), 1)
	case wire.Utf8, wire.Binary:
		if a.offsets, items, err = d.offsets(rows); err == nil {
			a.values, err = d.exact(items, 1)
		}
	case wire.List, wire.Map:
		a.offsets, items, err = d.offsets(rows)
	case wire.FixedSizeList:
		items = rows * column.size
	case wire.Struct:
		items = rows
	default:
		a.values, err = d.exact(rows, column.width())
	}
	if a.children == nil && len(column.children) > 0 {
		a.children = make([]array, len(column.children))
	}
	for i := 0; err == nil && i < len(column.children); i++ {
		err = d.column(&a.children[i], &column.children[i], items)
	}
	return err
}
