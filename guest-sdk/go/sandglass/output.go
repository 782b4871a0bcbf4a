package sandglass

import "sandglass.dev/guest/internal/wire"

// Output is rows that a transformation returns: set Columns or Batch, or neither where there are none.
type Output struct {
	// Columns are arrays of one length, in the contract's order.
	Columns []Array
	// Batch has the columns, found by the names in the contract; others are left out.
	Batch *Batch
	// SourceRows is, in the row scope, for each row out the row of the batch that it came from, rising. Left out, there is one row
	// out for each row in that was not rejected.
	SourceRows []uint32
	// Rejected are, in the row scope, rows of the batch that cannot be used. The run goes on.
	Rejected []Rejection
}

// Rejection is a row of the batch that cannot be used, and why.
type Rejection struct {
	Row    int
	Reason string
}

// ColumnsOf is an output of these arrays, in the contract's order.
func ColumnsOf(columns ...Array) Output { return Output{Columns: columns} }

// found answers the columns in the contract's order, in the memory of others, and their rows.
func (o *Output) found(contract *schema, arrays []array) ([]array, int, error) {
	arrays = arrays[:0]
	switch {
	case o.Batch != nil && o.Columns != nil:
		return nil, 0, internal("output: set Columns or Batch, not both")
	case o.Batch != nil:
		for i := range contract.columns {
			name := contract.columns[i].name
			place := o.Batch.schema.place(name)
			if place < 0 {
				return nil, 0, internal("output: column `%s` is missing; there are %s", name, o.Batch.schema.names())
			}
			arrays = append(arrays, o.Batch.at(place).array)
		}
		return arrays, o.Batch.rows, nil
	case o.Columns != nil:
		for i, column := range o.Columns {
			if column == nil {
				return nil, 0, internal("output: column %d is nil", i)
			}
			arrays = append(arrays, *column.raw())
		}
		if len(arrays) == 0 {
			return arrays, 0, nil
		}
		return arrays, arrays[0].length, nil
	}
	for i := range contract.columns {
		arrays = append(arrays, newBuilder(&contract.columns[i], nil, 0).finish())
	}
	return arrays, 0, nil
}

// conform compares arrays with the contract.
func conform(contract *schema, arrays []array, rows int) error {
	if len(arrays) != len(contract.columns) {
		return internal("%d columns, there should be %d: %s", len(arrays), len(contract.columns), contract.names())
	}
	for i := range arrays {
		column, a := &contract.columns[i], &arrays[i]
		switch {
		case !alike(column, a.column):
			return internal("column `%s` is %s, the contract says %s", column.name, a.Kind(), kindName(column))
		case a.length != rows:
			return internal("column `%s` has %d rows, the first has %d", column.name, a.length, rows)
		case !column.nullable && a.NullCount() > 0:
			return internal("column `%s` has %d nulls, the contract says that it has none", column.name, a.NullCount())
		}
		if inside := nullInside(column, a); inside != "" {
			return internal("column `%s` has nulls in its `%s`, the contract says that it has none", column.name, inside)
		}
	}
	return nil
}

// nullInside names what is below a column and has nulls where the contract says that it has none. Arrays whose own column says so
// are not looked at: below a null they may have some of no meaning.
func nullInside(column *Column, a *array) string {
	for i := range column.children {
		child := a.below(i)
		if wanted := &column.children[i]; !wanted.nullable && child.column.nullable && child.NullCount() > 0 {
			return wanted.name
		}
		if inside := nullInside(&column.children[i], &child); inside != "" {
			return inside
		}
	}
	return ""
}

// below is the rows of a child that belong to the rows.
func (a *array) below(place int) array {
	if a.column.kind == wire.Struct {
		return a.field(place)
	}
	from, to := a.extent()
	return a.children[place].slice(from, to-from)
}
