package sandglass

import "math/big"

// Decimal is a whole number of 128 bits, the value of a decimal times ten to the power of its scale.
type Decimal struct {
	Low  uint64
	High int64
}

// NewDecimal is a small one.
func NewDecimal(value int64) Decimal { return Decimal{uint64(value), value >> 63} }

// DecimalOf is a big number as one; false if it does not fit.
func DecimalOf(value *big.Int) (Decimal, bool) {
	var rest big.Int
	low := new(big.Int).And(value, new(big.Int).SetUint64(1<<64-1))
	rest.Rsh(value, 64)
	return Decimal{low.Uint64(), rest.Int64()}, rest.IsInt64()
}

// Big is the decimal as a big number.
func (d Decimal) Big() *big.Int {
	high := new(big.Int).Lsh(big.NewInt(d.High), 64)
	return high.Add(high, new(big.Int).SetUint64(d.Low))
}

// Int64 is the decimal as a small number; false if it does not fit.
func (d Decimal) Int64() (int64, bool) { return int64(d.Low), d.High == int64(d.Low)>>63 }

// Decimals is an array of decimals.
type Decimals struct {
	*array
	numbers []Decimal
}

func (d *Decimals) set(rows *array) {
	d.array = rows
	d.numbers = view[Decimal](rows.values)[rows.from : rows.from+rows.length]
}

// Value is the row's value, of no meaning if the row is null.
func (d *Decimals) Value(row int) Decimal { return d.numbers[row] }

// Get is the row's value, false if it is null.
func (d *Decimals) Get(row int) (Decimal, bool) { return d.numbers[row], !d.IsNull(row) }

// Values is all of them, those of nulls of no meaning. It is the column's memory, not a copy.
func (d *Decimals) Values() []Decimal { return d.numbers }

// Scale is the number of digits behind the point.
func (d *Decimals) Scale() int { return int(d.column.scale) }
