//go:build !wasip1

package sandglass

import (
	"cmp"
	"reflect"
	"slices"

	"sandglass.dev/guest/internal/wire"
)

// prepared is the rows of an input as the host would hand them in: of a keyed transformation sorted by key, then by time, which is
// the column `timestamp`, or else the first of that kind.
func (t *test) prepared(input int) (*Batch, error) {
	s := t.d.schemas[input]
	arrays := make([]array, len(s.columns))
	for i := range s.columns {
		given, ok := t.setup.Inputs[input][s.columns[i].name]
		if !ok {
			return nil, internal("column `%s` is missing; there should be %s", s.columns[i].name, s.names())
		}
		a, err := arrayFrom(&s.columns[i], given)
		if err != nil {
			return nil, err
		}
		arrays[i] = a
	}
	rows := arrays[0].length
	if err := conform(s, arrays, rows); err != nil {
		return nil, err
	}
	batch := newBatch(s, rows, arrays, nil)
	if t.d.scope != wire.KeyedScope {
		return batch, nil
	}
	names := slices.Clone(t.d.inputs[input].Keys)
	if time := timeColumn(s); time != "" {
		names = append(names, time)
	}
	var keys []keyColumn
	for _, name := range names {
		key, err := newKeyColumn(batch.Column(name))
		if err != nil {
			return nil, err
		}
		keys = append(keys, key)
	}
	order := make([]uint32, rows)
	for i := range order {
		order[i] = uint32(i)
	}
	slices.SortStableFunc(order, func(l, r uint32) int {
		for i := range keys {
			if order := keys[i].key(int(l)).compare(keys[i].key(int(r))); order != 0 {
				return order
			}
		}
		return cmp.Compare(l, r)
	})
	return batch.Take(order), nil
}

func timeColumn(s *schema) string {
	first := ""
	for i := range s.columns {
		if s.columns[i].kind != wire.Timestamp {
			continue
		}
		if s.columns[i].name == "timestamp" {
			return "timestamp"
		}
		if first == "" {
			first = s.columns[i].name
		}
	}
	return first
}

// arrayFrom is a slice of cells, or an array, as a column.
func arrayFrom(column *Column, given any) (array, error) {
	if given, ok := given.(Array); ok {
		return *given.raw(), nil
	}
	cells := reflect.ValueOf(given)
	if cells.Kind() != reflect.Slice {
		return array{}, internal("column `%s` is %T; give a slice or an array", column.name, given)
	}
	b := newBuilder(column, nil, cells.Len())
	for i := range cells.Len() {
		b.Append(cells.Index(i).Interface())
	}
	return b.finish(), nil
}
