package sandglass

import "unsafe"

// Where answers the rows that keep is true for, rising. A keep that is written in the call is compiled into the loop, and there is
// no branch on its answers. Where one column decides by a comparison, [Values.Greater] and its like are twice as fast.
func (b *Batch) Where(keep func(row int) bool) []uint32 {
	rows := make([]uint32, b.rows)
	kept := 0
	for row := range rows {
		rows[kept] = uint32(row)
		kept += one(keep(row))
	}
	return rows[:kept]
}

func one(is bool) (one int) {
	if is {
		one = 1
	}
	return
}

type comparison uint8

const (
	greater comparison = iota
	greaterOrEqual
	less
	lessOrEqual
	equal
	notEqual
)

// Greater answers the rows whose value is greater, rising. As with all comparisons, rows that are null are not among them.
func (v *Values[T]) Greater(than T) []uint32 { return v.compared(greater, than) }

// GreaterOrEqual answers the rows whose value is greater or equal.
func (v *Values[T]) GreaterOrEqual(to T) []uint32 { return v.compared(greaterOrEqual, to) }

// Less answers the rows whose value is less.
func (v *Values[T]) Less(than T) []uint32 { return v.compared(less, than) }

// LessOrEqual answers the rows whose value is less or equal.
func (v *Values[T]) LessOrEqual(to T) []uint32 { return v.compared(lessOrEqual, to) }

// Equal answers the rows whose value is equal; NaN equals nothing.
func (v *Values[T]) Equal(to T) []uint32 { return v.compared(equal, to) }

// NotEqual answers the rows whose value is another; NaN is another than everything.
func (v *Values[T]) NotEqual(to T) []uint32 { return v.compared(notEqual, to) }

// A row is written whether it stays or not, and the place moves on only if it does: no branch depends on the data. Eight rows are
// done at a time, in one function, as calls are dear in a component, and so is each round of a loop, which looks at the deadline.
func (v *Values[T]) compared(by comparison, to T) []uint32 {
	numbers := v.numbers
	rows := room[uint32](v.memory, len(numbers)+7)
	at, kept := unsafe.Pointer(unsafe.SliceData(rows)), uintptr(0)
	var rest [8]T
	copy(rest[:], numbers[len(numbers)&^7:])
	for row := 0; row < len(numbers); row += 8 {
		e := &rest
		if row+8 <= len(numbers) {
			e = (*[8]T)(numbers[row:])
		}
		// A byte for each row, 1 if it stays.
		var stay uint64
		switch by {
		case greater:
			stay = byteOf(e[0] > to) | byteOf(e[1] > to)<<8 | byteOf(e[2] > to)<<16 | byteOf(e[3] > to)<<24 |
				byteOf(e[4] > to)<<32 | byteOf(e[5] > to)<<40 | byteOf(e[6] > to)<<48 | byteOf(e[7] > to)<<56
		case greaterOrEqual:
			stay = byteOf(e[0] >= to) | byteOf(e[1] >= to)<<8 | byteOf(e[2] >= to)<<16 | byteOf(e[3] >= to)<<24 |
				byteOf(e[4] >= to)<<32 | byteOf(e[5] >= to)<<40 | byteOf(e[6] >= to)<<48 | byteOf(e[7] >= to)<<56
		case less:
			stay = byteOf(e[0] < to) | byteOf(e[1] < to)<<8 | byteOf(e[2] < to)<<16 | byteOf(e[3] < to)<<24 |
				byteOf(e[4] < to)<<32 | byteOf(e[5] < to)<<40 | byteOf(e[6] < to)<<48 | byteOf(e[7] < to)<<56
		case lessOrEqual:
			stay = byteOf(e[0] <= to) | byteOf(e[1] <= to)<<8 | byteOf(e[2] <= to)<<16 | byteOf(e[3] <= to)<<24 |
				byteOf(e[4] <= to)<<32 | byteOf(e[5] <= to)<<40 | byteOf(e[6] <= to)<<48 | byteOf(e[7] <= to)<<56
		case equal:
			stay = byteOf(e[0] == to) | byteOf(e[1] == to)<<8 | byteOf(e[2] == to)<<16 | byteOf(e[3] == to)<<24 |
				byteOf(e[4] == to)<<32 | byteOf(e[5] == to)<<40 | byteOf(e[6] == to)<<48 | byteOf(e[7] == to)<<56
		case notEqual:
			stay = byteOf(e[0] != to) | byteOf(e[1] != to)<<8 | byteOf(e[2] != to)<<16 | byteOf(e[3] != to)<<24 |
				byteOf(e[4] != to)<<32 | byteOf(e[5] != to)<<40 | byteOf(e[6] != to)<<48 | byteOf(e[7] != to)<<56
		}
		if row+8 > len(numbers) {
			stay &= 1<<(8*(len(numbers)-row)) - 1
		}
		// kept is at most row, so that what is written lies within rows.
		*(*uint32)(unsafe.Add(at, kept*4)) = uint32(row)
		kept += uintptr(stay & 1)
		*(*uint32)(unsafe.Add(at, kept*4)) = uint32(row + 1)
		kept += uintptr(stay >> 8 & 1)
		*(*uint32)(unsafe.Add(at, kept*4)) = uint32(row + 2)
		kept += uintptr(stay >> 16 & 1)
		*(*uint32)(unsafe.Add(at, kept*4)) = uint32(row + 3)
		kept += uintptr(stay >> 24 & 1)
		*(*uint32)(unsafe.Add(at, kept*4)) = uint32(row + 4)
		kept += uintptr(stay >> 32 & 1)
		*(*uint32)(unsafe.Add(at, kept*4)) = uint32(row + 5)
		kept += uintptr(stay >> 40 & 1)
		*(*uint32)(unsafe.Add(at, kept*4)) = uint32(row + 6)
		kept += uintptr(stay >> 48 & 1)
		*(*uint32)(unsafe.Add(at, kept*4)) = uint32(row + 7)
		kept += uintptr(stay >> 56)
	}
	return v.withoutNulls(rows[:kept])
}

func (a *array) withoutNulls(rows []uint32) []uint32 {
	if a.validity == nil {
		return rows
	}
	valid := rows[:0]
	for _, row := range rows {
		if !a.IsNull(int(row)) {
			valid = append(valid, row)
		}
	}
	return valid
}

func byteOf(is bool) (b uint64) {
	if is {
		b = 1
	}
	return
}
