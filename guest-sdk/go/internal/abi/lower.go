//go:build wasip1

package abi

import (
	"math"
	"unsafe"

	"sandglass.dev/guest/internal/wire"
)

// What goes to the host. It stays put until the next call answers, which the host makes when it has read all: so there is nothing
// to do in the contract's `after_...`, and they are not exported, which saves calls.

var (
	// area is where the result of a call lies.
	area [12]word
	// kept holds what the area has addresses of.
	kept []unsafe.Pointer
	// given is the output that the area has addresses of.
	given *wire.Output
	// spans and rejections are used again for each output.
	spans      []span
	rejections []rejection
)

type rejection struct {
	row     word
	message span
}

func result() unsafe.Pointer { return unsafe.Pointer(&area) }

// forget lets go of the last result.
func forget() {
	clear(kept)
	kept = kept[:0]
	given = nil
}

func done() unsafe.Pointer {
	forget()
	area = [12]word{0}
	return result()
}

func keep[T any](values []T) span {
	if len(values) > 0 {
		kept = append(kept, unsafe.Pointer(unsafe.SliceData(values)))
	}
	return span{addressOf(values), word(len(values))}
}

func keepText(text string) span { return keep(unsafe.Slice(unsafe.StringData(text), len(text))) }

func failed(f *wire.Failure) unsafe.Pointer {
	forget()
	message := keepText(f.Message)
	area = [12]word{0: 1, 1: word(f.Kind), 2: message.at, 3: message.length}
	if f.Input != nil {
		area[4], area[5] = 1, *f.Input
	}
	if f.Row != nil {
		area[6], area[7] = 1, *f.Row
	}
	return result()
}

func output(o *wire.Output) unsafe.Pointer {
	if o == nil {
		return done()
	}
	forget()
	given = o
	spans, rejections = spans[:0], rejections[:0]
	for _, buffer := range o.Batch.Buffers {
		spans = append(spans, span{addressOf(buffer), word(len(buffer))})
	}
	for _, r := range o.Rejected {
		message := span{word(uintptr(unsafe.Pointer(unsafe.StringData(r.Message)))), word(len(r.Message))}
		rejections = append(rejections, rejection{r.Row, message})
	}
	area = [12]word{
		1: 1, 2: o.Batch.Rows,
		3: addressOf(o.Batch.Nodes), 4: word(len(o.Batch.Nodes)),
		5: addressOf(spans), 6: word(len(spans)),
		10: addressOf(rejections), 11: word(len(rejections)),
	}
	if o.HasSourceRows {
		area[7], area[8], area[9] = 1, addressOf(o.SourceRows), word(len(o.SourceRows))
	}
	return result()
}

// Records as the ABI lays them out. Those with an int64 inside start on a boundary of eight bytes.
type (
	fieldRecord struct {
		name     span
		kind     uint8
		payload  word
		nullable uint8
		children word
	}
	inputRecord struct {
		name, columns, keys span
	}
	parameterRecord struct {
		name      span
		kind      uint8
		some      uint64
		valueKind uint64
		payload   [2]word
		doc       span
	}
	contractRecord struct {
		name, doc, inputs, output span
		scope                     uint8
		parameters, properties    span
	}
)

func contracts(all []wire.Contract) unsafe.Pointer {
	forget()
	records := make([]contractRecord, len(all))
	for i, c := range all {
		records[i] = contractRecord{
			name:       keepText(c.Name),
			doc:        keepText(c.Doc),
			inputs:     keep(mapped(c.Inputs, input)),
			output:     schema(c.Output),
			scope:      uint8(c.Scope),
			parameters: keep(mapped(c.Parameters, declared)),
			properties: keep(mapped(c.Properties, func(p wire.Property) [2]span {
				return [2]span{keepText(p.Name), keepText(p.Value)}
			})),
		}
	}
	place := keep(records)
	area = [12]word{1: place.at, 2: place.length}
	return result()
}

func mapped[A, B any](from []A, each func(A) B) []B {
	to := make([]B, len(from))
	for i, value := range from {
		to[i] = each(value)
	}
	return to
}

func input(i wire.Input) inputRecord {
	return inputRecord{keepText(i.Name), schema(i.Columns), keep(mapped(i.Keys, keepText))}
}

func schema(fields []wire.Field) span {
	return keep(mapped(fields, func(f wire.Field) fieldRecord {
		r := fieldRecord{name: keepText(f.Name), kind: uint8(f.Kind), nullable: flag(f.Nullable), children: f.Children}
		switch f.Kind {
		case wire.Decimal128:
			r.payload = word(f.Precision) | word(uint8(f.Scale))<<8
		case wire.FixedSizeBinary, wire.FixedSizeList:
			r.payload = f.Size
		}
		return r
	}))
}

func declared(p wire.Parameter) parameterRecord {
	r := parameterRecord{name: keepText(p.Name), kind: uint8(p.Kind), doc: keepText(p.Doc)}
	if p.Default == nil {
		return r
	}
	r.some, r.valueKind = 1, uint64(p.Default.Kind)
	switch v := p.Default; v.Kind {
	case wire.BooleanValue:
		r.payload[0] = word(flag(v.Boolean))
	case wire.Utf8Value:
		text := keepText(v.Text)
		r.payload = [2]word{text.at, text.length}
	case wire.Float64Value:
		bits := math.Float64bits(v.Float)
		r.payload = [2]word{word(bits), word(bits >> 32)}
	default:
		r.payload = [2]word{word(v.Whole), word(uint64(v.Whole) >> 32)}
	}
	return r
}

func flag(b bool) uint8 {
	if b {
		return 1
	}
	return 0
}
