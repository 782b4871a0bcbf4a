//go:build wasip1

package abi

import (
	"math"
	"unsafe"

	"sandglass.dev/guest/internal/wire"
)

// What the host hands in, read from where it put it. Texts are copied, buffers of a batch are not.

type span struct{ at, length word }

func (s span) text() string { return string(list[byte](at(s.at), s.length)) }

type optionInterval struct {
	some       word
	_          word
	start, end int64
}

type parameter struct {
	name    span
	kind    word // one byte; the others are padding of no meaning
	_       word
	payload [2]word
}

func context(
	mode word, start, end int64, ranges []optionInterval, parameters []parameter, lineage bool, properties [][2]span,
) wire.Context {
	c := wire.Context{Mode: wire.Mode(mode), Interval: wire.Interval{Start: start, End: end}, Lineage: lineage}
	for _, r := range ranges {
		var interval *wire.Interval
		if uint8(r.some) == 1 {
			interval = &wire.Interval{Start: r.start, End: r.end}
		}
		c.Ranges = append(c.Ranges, interval)
	}
	for _, p := range parameters {
		c.Parameters = append(c.Parameters, wire.Given{Name: p.name.text(), Value: p.value()})
	}
	for _, p := range properties {
		c.Properties = append(c.Properties, wire.Property{Name: p[0].text(), Value: p[1].text()})
	}
	return c
}

func (p *parameter) value() wire.Value {
	whole := *(*int64)(unsafe.Pointer(&p.payload))
	v := wire.Value{Kind: wire.ValueKind(uint8(p.kind))}
	switch v.Kind {
	case wire.BooleanValue:
		v.Boolean = uint8(whole) != 0
	case wire.Float64Value:
		v.Float = math.Float64frombits(uint64(whole))
	case wire.Utf8Value:
		v.Text = span{p.payload[0], p.payload[1]}.text()
	default:
		v.Whole = whole
	}
	return v
}

// buffers slices the buffers of a batch; they are valid as long as the block that holds them.
func buffers(spans []span, place func(word) unsafe.Pointer, into [][]byte) [][]byte {
	for _, s := range spans {
		into = append(into, list[byte](place(s.at), s.length))
	}
	return into
}
