package sandglass

import (
	"time"

	"sandglass.dev/guest/internal/wire"
)

// Parameter declares a parameter: [Int64Parameter] and its like make one. The feature view gives its value; without a default it
// must be given.
type Parameter interface{ parameter() wire.Parameter }

// ParameterOf is a parameter whose value is a T.
type ParameterOf[T bool | int64 | float64 | string] struct{ declared wire.Parameter }

func (p ParameterOf[T]) parameter() wire.Parameter { return p.declared }

// Default is the value where a view gives none; of times and lengths of time: microseconds.
func (p ParameterOf[T]) Default(value T) ParameterOf[T] {
	v := wire.Value{Kind: p.declared.Kind}
	switch value := any(value).(type) {
	case bool:
		v.Boolean = value
	case int64:
		v.Whole = value
	case float64:
		v.Float = value
	case string:
		v.Text = value
	}
	p.declared.Default = &v
	return p
}

// Doc says what the parameter does.
func (p ParameterOf[T]) Doc(doc string) ParameterOf[T] {
	p.declared.Doc = doc
	return p
}

func parameterOf[T bool | int64 | float64 | string](name string, kind wire.ValueKind) ParameterOf[T] {
	return ParameterOf[T]{wire.Parameter{Name: name, Kind: kind}}
}

// BooleanParameter is true or false.
func BooleanParameter(name string) ParameterOf[bool] {
	return parameterOf[bool](name, wire.BooleanValue)
}

// Int64Parameter is a whole number.
func Int64Parameter(name string) ParameterOf[int64] { return parameterOf[int64](name, wire.Int64Value) }

// Float64Parameter is a number.
func Float64Parameter(name string) ParameterOf[float64] {
	return parameterOf[float64](name, wire.Float64Value)
}

// Utf8Parameter is text.
func Utf8Parameter(name string) ParameterOf[string] { return parameterOf[string](name, wire.Utf8Value) }

// TimestampParameter is a time, in microseconds since 1970, UTC.
func TimestampParameter(name string) ParameterOf[int64] {
	return parameterOf[int64](name, wire.TimestampValue)
}

// DurationParameter is a length of time, in microseconds.
func DurationParameter(name string) ParameterOf[int64] {
	return parameterOf[int64](name, wire.DurationValue)
}

// Time is a value of a timestamp column or parameter as Go has it, in UTC.
func Time(micros int64) time.Time { return time.UnixMicro(micros).UTC() }
