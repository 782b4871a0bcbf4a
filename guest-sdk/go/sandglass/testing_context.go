//go:build !wasip1

package sandglass

import (
	"time"

	"sandglass.dev/guest/internal/wire"
)

// context is what the host would hand over: values that are given, and defaults for the rest.
func (t *test) context() (wire.Context, error) {
	c := t.setup.Context
	for _, input := range t.d.inputs {
		var filtered *wire.Interval
		if t.setup.Filtered {
			filtered = &c.Interval
		}
		if own, ok := t.setup.Ranges[input.Name]; ok {
			filtered = &own
		}
		c.Ranges = append(c.Ranges, filtered)
	}
	for name := range t.setup.Ranges {
		inputPlace(t.d.inputs, name)
	}
	known := map[string]bool{}
	for _, declared := range t.d.parameters {
		p := declared.parameter()
		known[p.Name] = true
		value, isGiven := t.setup.Given[p.Name]
		switch {
		case isGiven:
			v, ok := valueFrom(p.Kind, value)
			if !ok {
				return c, ParameterError("parameter `%s` is %s, which %s is not", p.Name, p.Kind, describe(value))
			}
			c.Parameters = append(c.Parameters, wire.Given{Name: p.Name, Value: v})
		case p.Default != nil:
			c.Parameters = append(c.Parameters, wire.Given{Name: p.Name, Value: *p.Default})
		default:
			return c, ParameterError("parameter `%s` must be given", p.Name)
		}
	}
	for name := range t.setup.Given {
		if !known[name] {
			return c, ParameterError("there is no parameter `%s`", name)
		}
	}
	return c, nil
}

func valueFrom(kind wire.ValueKind, value any) (wire.Value, bool) {
	v := wire.Value{Kind: kind}
	ok := false
	switch kind {
	case wire.BooleanValue:
		v.Boolean, ok = value.(bool)
	case wire.Float64Value:
		v.Float, ok = value.(float64)
	case wire.Utf8Value:
		v.Text, ok = value.(string)
	default:
		switch value := value.(type) {
		case int:
			v.Whole, ok = int64(value), true
		case int64:
			v.Whole, ok = value, true
		case time.Time:
			v.Whole, ok = value.UnixMicro(), kind == wire.TimestampValue
		case time.Duration:
			v.Whole, ok = value.Microseconds(), kind == wire.DurationValue
		}
	}
	return v, ok
}
