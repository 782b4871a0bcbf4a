//go:build wasip1

package abi

import (
	"slices"
	"unsafe"
)

// word is an address, a length, a handle or a discriminant of the 32-bit canonical ABI; Go's own pointers take eight bytes.
type word = uint32

func at(address word) unsafe.Pointer { return unsafe.Add(unsafe.Pointer(nil), address) }

func addressOf[T any](values []T) word {
	return word(uintptr(unsafe.Pointer(unsafe.SliceData(values))))
}

func list[T any](values unsafe.Pointer, length word) []T { return unsafe.Slice((*T)(values), length) }

// block is what the host lowers the arguments of one call into. Go's collector does not move, so a reference to the memory is
// enough to hold what the host has the address of.
type block struct {
	words []uint64
	used  int
	// wanted is what the call would have needed to have everything in words.
	wanted int
	extra  [][]uint64
}

const (
	wordsMin = 1 << 10
	// wordsMax bounds the memory that stays for the next batch: 4 MiB, or 64 columns of numbers.
	wordsMax = 4 << 20 / 8
)

var (
	// arguments are those of the call that the host prepares, or that runs.
	arguments *block
	// spare are blocks whose batches are gone. A second one is needed only when the host works with two runs at a time.
	spare []*block
	// usual is how many words the last call asked for.
	usual = wordsMin
)

//go:wasmexport cabi_realloc
func realloc(old unsafe.Pointer, oldSize, align, size word) unsafe.Pointer {
	if arguments == nil {
		arguments = newBlock()
	}
	memory := arguments.allocate(int(size))
	if oldSize > 0 {
		copy(list[byte](memory, size), list[byte](old, oldSize))
	}
	return memory
}

func newBlock() *block {
	if last := len(spare) - 1; last >= 0 {
		b := spare[last]
		spare = spare[:last]
		return b
	}
	return &block{words: make([]uint64, usual)}
}

// allocate answers memory on a boundary of eight bytes, which is all that the contract's types ask for.
func (b *block) allocate(size int) unsafe.Pointer {
	words := (size + 7) / 8
	b.wanted += words
	if b.used+words > len(b.words) {
		b.extra = append(b.extra, make([]uint64, words))
		return unsafe.Pointer(unsafe.SliceData(b.extra[len(b.extra)-1]))
	}
	memory := unsafe.Add(unsafe.Pointer(unsafe.SliceData(b.words)), 8*b.used)
	b.used += words
	return memory
}

// release makes a block ready for another call.
func (b *block) release() {
	if b == nil {
		return
	}
	usual = max(wordsMin, min(b.wanted, wordsMax))
	if usual > len(b.words) {
		b.words = make([]uint64, usual)
	}
	b.used, b.wanted, b.extra = 0, 0, nil
	spare = append(spare, b)
}

// detach gives the memory away for good. It answers how addresses within the block change: what fills less than half of it moves
// to memory of its own, so that small batches that a run keeps do not hold large blocks.
func (b *block) detach() func(word) unsafe.Pointer {
	usual = max(wordsMin, min(b.wanted, wordsMax))
	if 2*b.used >= len(b.words) {
		return at
	}
	from, length := addressOf(b.words), word(8*b.used)
	moved := unsafe.Pointer(unsafe.SliceData(slices.Clone(b.words[:b.used])))
	b.used, b.wanted, b.extra = 0, 0, nil
	spare = append(spare, b)
	return func(address word) unsafe.Pointer {
		if address >= from && address < from+length {
			return unsafe.Add(moved, address-from)
		}
		return at(address)
	}
}
