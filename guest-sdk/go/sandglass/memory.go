package sandglass

import "unsafe"

// memory is where a run that answers batch by batch makes what is gone with the batch: one chunk, used over and over. Without one,
// what is made is the collector's.
type memory struct {
	words []uint64
	used  int
	// wanted is what the batch would have needed to have everything in words.
	wanted int
}

const (
	memoryMin = 4 << 10
	// memoryMax bounds the words that stay for the next batch: 4 MiB.
	memoryMax = 4 << 20 / 8
)

// room is a slice of any content.
func room[T any](m *memory, length int) []T {
	if m == nil || length == 0 {
		return make([]T, length)
	}
	words := (length*int(unsafe.Sizeof(*new(T))) + 7) / 8
	m.wanted += words
	if m.used+words > len(m.words) {
		return unsafe.Slice((*T)(unsafe.Pointer(unsafe.SliceData(make([]uint64, words)))), length)
	}
	at := unsafe.Add(unsafe.Pointer(unsafe.SliceData(m.words)), 8*m.used)
	m.used += words
	return unsafe.Slice((*T)(at), length)
}

// make0 is a slice of zeros.
func make0[T any](m *memory, length int) []T {
	values := room[T](m, length)
	if m != nil {
		clear(values)
	}
	return values
}

// reset forgets all that was made.
func (m *memory) reset() {
	if m.wanted > len(m.words) && len(m.words) < memoryMax {
		m.words = make([]uint64, min(max(m.wanted, memoryMin), memoryMax))
	}
	m.used, m.wanted = 0, 0
}
