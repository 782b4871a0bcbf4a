package sandglass

import (
	"maps"
	"slices"

	"sandglass.dev/guest/internal/wire"
)

// contract describes the transformation to the host. It looks only at what the host cannot see; names, kinds and their number are
// the host's to judge.
func (d *definition) contract() (wire.Contract, error) {
	wrong := func(format string, values ...any) (wire.Contract, error) {
		return wire.Contract{}, internal("transformation `%s`: "+format, append([]any{d.name}, values...)...)
	}
	if len(d.opens) != 1 {
		ways := "Batch, Emit and Open"
		if d.scope >= wire.KeyedScope {
			ways = "Emit and Open"
		}
		return wrong("set one of %s, not %d", ways, len(d.opens))
	}
	c := wire.Contract{Name: d.name, Doc: d.doc, Scope: d.scope, Output: d.output.nodes()}
	for i, input := range d.inputs {
		for _, key := range input.Keys {
			place := d.schemas[i].place(key)
			if place < 0 {
				return wrong("key `%s` is no column of input `%s`; there are %s", key, input.Name, d.schemas[i].names())
			}
			if column := input.Columns[place]; !isKey(column.kind) {
				return wrong("column `%s` is %s, which cannot be a key", key, column.Kind())
			}
		}
		if d.scope == wire.KeyedScope && len(input.Keys) == 0 {
			return wrong("input `%s` has no Keys, which the keyed scope needs", input.Name)
		}
		if d.scope == wire.KeyedScope && !sameKeys(d.inputs[0], d.schemas[0], input, d.schemas[i]) {
			return wrong("the keys of inputs `%s` and `%s` are not of the same kinds", d.inputs[0].Name, input.Name)
		}
		c.Inputs = append(c.Inputs, wire.Input{Name: input.Name, Columns: d.schemas[i].nodes(), Keys: slices.Clone(input.Keys)})
	}
	for _, parameter := range d.parameters {
		c.Parameters = append(c.Parameters, parameter.parameter())
	}
	for _, name := range slices.Sorted(maps.Keys(d.properties)) {
		c.Properties = append(c.Properties, wire.Property{Name: name, Value: d.properties[name]})
	}
	return c, nil
}

func sameKeys(left Input, leftSchema *schema, right Input, rightSchema *schema) bool {
	return slices.EqualFunc(left.Keys, right.Keys, func(l, r string) bool {
		return left.Columns[leftSchema.place(l)].kind == right.Columns[rightSchema.place(r)].kind
	})
}

func isKey(kind wire.Kind) bool {
	switch kind {
	case wire.Boolean, wire.Int64, wire.Date32, wire.Timestamp, wire.Utf8:
		return true
	}
	return false
}
