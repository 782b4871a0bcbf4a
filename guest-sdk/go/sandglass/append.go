package sandglass

import "sandglass.dev/guest/internal/wire"

func (b *Builder) appendCell(cell Cell) {
	if !alike(cell.array.column, b.column) {
		panic(b.misfit(cell))
	}
	b.appendRange(cell.array, cell.row, 1)
}

// appendRange appends rows of an array of the same kind.
func (b *Builder) appendRange(a *array, from, rows int) {
	if a.validity == nil {
		b.appendValid(a, from, rows)
		return
	}
	for end := from + rows; from < end; {
		next := from
		for next < end && !a.IsNull(next) {
			next++
		}
		b.appendValid(a, from, next-from)
		for ; next < end && a.IsNull(next); next++ {
			b.AppendNull()
		}
		from = next
	}
}

// appendValid appends rows of which none is null.
func (b *Builder) appendValid(a *array, from, rows int) {
	if rows == 0 {
		return
	}
	b.close()
	if b.length+rows > b.room {
		b.grow(rows)
	}
	switch b.column.kind {
	case wire.Boolean:
		for row := from; row < from+rows; row++ {
			if bit(a.values, a.from+row) {
				setBit(b.values, b.length+row-from)
			}
		}
	case wire.Utf8, wire.Binary:
		part := a.slice(from, rows)
		first, last := part.extent()
		shift := len(b.values) - first
		copy(b.extend(last-first), a.values[first:last])
		b.appendEnds(&part, shift)
	case wire.List, wire.Map:
		part := a.slice(from, rows)
		first, last := part.extent()
		shift := b.children[0].length - first
		for i, child := range b.children {
			child.appendRange(&a.children[i], first, last-first)
		}
		b.appendEnds(&part, shift)
	case wire.FixedSizeList:
		part := a.slice(from, rows)
		first, last := part.extent()
		b.children[0].appendRange(&a.children[0], first, last-first)
	case wire.Struct:
		for i, child := range b.children {
			field := a.field(i)
			child.appendRange(&field, from, rows)
		}
	default:
		width := b.column.width()
		copyShort(b.values[b.length*width:(b.length+rows)*width], a.values[(a.from+from)*width:(a.from+from+rows)*width])
	}
	if b.validity != nil {
		setBits(b.validity, b.length, rows)
	}
	b.length += rows
	b.isNull = false
}

func (b *Builder) appendEnds(part *array, shift int) {
	for i, end := range part.offsets[part.from+1 : part.from+part.length+1] {
		b.offsets[b.length+1+i] = fits(int(end) + shift)
	}
}

// concatenated is one array of several of one column, none or one of them as it is.
func concatenated(column *Column, parts []array) array {
	if len(parts) == 1 {
		return parts[0]
	}
	rows := 0
	for i := range parts {
		rows += parts[i].length
	}
	b := newBuilder(column, nil, rows)
	for i := range parts {
		b.appendRange(&parts[i], 0, parts[i].length)
	}
	return b.finish()
}
