package sandglass

import "sandglass.dev/guest/internal/wire"

// Lists is an array of lists, of any length or of one. The items of all lists are one array, and each list is a range of it; a
// null's range is of no meaning.
type Lists struct {
	*array
	items *Untyped
}

func (l *Lists) set(rows *array) {
	l.array = rows
	l.items = untyped(rows.children[0])
}

// Items is the items of all lists.
func (l *Lists) Items() *Untyped { return l.items }

// Range is where the row's items begin and end in [Lists.Items].
func (l *Lists) Range(row int) (from, to int) { return l.span(row) }

// Value is the row's items as an array. Where there are many rows, Items and Range are faster.
func (l *Lists) Value(row int) *Untyped {
	from, to := l.span(row)
	return untyped(l.items.slice(from, to-from))
}

// Maps is an array of maps. The entries of all maps are two arrays, and each map is a range of them; a null's range is of no
// meaning.
type Maps struct {
	*array
	keys, values *Untyped
}

func (m *Maps) set(rows *array) {
	m.array = rows
	m.keys, m.values = untyped(rows.children[0]), untyped(rows.children[1])
}

// Keys is the keys of all maps.
func (m *Maps) Keys() *Untyped { return m.keys }

// Values is the values of all maps.
func (m *Maps) Values() *Untyped { return m.values }

// Range is where the row's entries begin and end in [Maps.Keys] and [Maps.Values].
func (m *Maps) Range(row int) (from, to int) { return m.span(row) }

// Structs is an array of structs.
type Structs struct {
	*array
	fields []*Untyped
}

func (s *Structs) set(rows *array) {
	s.array = rows
	s.fields = make([]*Untyped, len(rows.children))
	for i := range s.fields {
		s.fields[i] = untyped(rows.field(i))
	}
}

// Field is the values of a field, a row for each struct. Where a struct is null, they are of no meaning. It fails the run if
// there is no field of that name.
func (s *Structs) Field(name string) *Untyped {
	for i := range s.column.children {
		if s.column.children[i].name == name {
			return s.fields[i]
		}
	}
	there := quoted(s.column.children, func(c Column) string { return c.name })
	panic(internal("struct `%s` has no field `%s`; there are %s", s.column.name, name, there))
}

func isNested(kind wire.Kind) bool { return kind >= wire.List }
