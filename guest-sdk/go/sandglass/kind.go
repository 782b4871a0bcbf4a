package sandglass

import (
	"fmt"
	"strings"

	"sandglass.dev/guest/internal/wire"
)

var kindNames = [...]string{
	"boolean", "int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64", "float32", "float64", "decimal128", "utf8",
	"binary", "fixed-size-binary", "date32", "timestamp", "duration", "list", "fixed-size-list", "struct", "map",
}

// kindName is a kind in the contract's words.
func kindName(c *Column) string {
	switch c.kind {
	case wire.Decimal128:
		return fmt.Sprintf("decimal128(%d, %d)", c.precision, c.scale)
	case wire.FixedSizeBinary:
		return fmt.Sprintf("fixed-size-binary(%d)", c.size)
	case wire.List:
		return "list of " + kindName(&c.children[0])
	case wire.FixedSizeList:
		return fmt.Sprintf("list of %d %s", c.size, kindName(&c.children[0]))
	case wire.Struct:
		fields := make([]string, len(c.children))
		for i := range c.children {
			fields[i] = c.children[i].name + ": " + kindName(&c.children[i])
		}
		return "struct {" + strings.Join(fields, ", ") + "}"
	case wire.Map:
		return "map of " + kindName(&c.children[0]) + " to " + kindName(&c.children[1])
	}
	return kindNames[c.kind]
}

// width is the bytes of one value, 0 where values have no fixed number of bytes.
func (c *Column) width() int {
	switch c.kind {
	case wire.Int8, wire.Uint8:
		return 1
	case wire.Int16, wire.Uint16:
		return 2
	case wire.Int32, wire.Uint32, wire.Float32, wire.Date32:
		return 4
	case wire.Int64, wire.Uint64, wire.Float64, wire.Timestamp, wire.Duration:
		return 8
	case wire.Decimal128:
		return 16
	case wire.FixedSizeBinary:
		return c.size
	}
	return 0
}

// alike tells whether arrays of both have the same layout and meaning. Names inside of lists and maps do not matter, those of a
// struct's fields do; nulls are looked at where the arrays are.
func alike(left, right *Column) bool {
	if left.kind != right.kind || len(left.children) != len(right.children) {
		return false
	}
	switch left.kind {
	case wire.Decimal128:
		return left.precision == right.precision && left.scale == right.scale
	case wire.FixedSizeBinary, wire.FixedSizeList:
		if left.size != right.size {
			return false
		}
	}
	for i := range left.children {
		l, r := &left.children[i], &right.children[i]
		if left.kind == wire.Struct && l.name != r.name || !alike(l, r) {
			return false
		}
	}
	return true
}

// nodes appends the nodes of a column, depth first.
func (c *Column) nodes(to []wire.Field) []wire.Field {
	to = append(to, wire.Field{
		Name: c.name, Kind: c.kind, Precision: c.precision, Scale: c.scale, Size: uint32(c.size), Nullable: c.nullable,
		Children: uint32(len(c.children)),
	})
	for i := range c.children {
		to = c.children[i].nodes(to)
	}
	return to
}

// schema is columns in order, found by name.
type schema struct {
	columns []Column
	places  map[string]int
}

func newSchema(columns []Column) *schema {
	s := &schema{columns: columns, places: make(map[string]int, len(columns))}
	for i := range columns {
		s.places[columns[i].name] = i
	}
	return s
}

func (s *schema) nodes() []wire.Field {
	fields := make([]wire.Field, 0, len(s.columns))
	for i := range s.columns {
		fields = s.columns[i].nodes(fields)
	}
	return fields
}

// place is where the column of that name is, -1 if there is none. Few columns are found faster without the map.
func (s *schema) place(name string) int {
	if len(s.columns) <= 8 {
		for i := range s.columns {
			if s.columns[i].name == name {
				return i
			}
		}
		return -1
	}
	if place, ok := s.places[name]; ok {
		return place
	}
	return -1
}

// names lists columns as messages do.
func (s *schema) names() string {
	return quoted(s.columns, func(c Column) string { return c.name })
}

func quoted[T any](things []T, name func(T) string) string {
	if len(things) == 0 {
		return "none"
	}
	names := make([]string, len(things))
	for i, thing := range things {
		names[i] = "`" + name(thing) + "`"
	}
	return strings.Join(names, ", ")
}
