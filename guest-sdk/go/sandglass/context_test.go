package sandglass_test

import (
	"errors"
	"testing"
	"time"

	. "sandglass.dev/guest/sandglass"
	"sandglass.dev/guest/sandglasstest"
)

// asking runs a function with a context.
func asking(ask func(ctx *Context), parameters ...Parameter) Row {
	return Row{
		Name: "t", Input: numbersIn(), Output: Columns{Int64("n")}, Parameters: parameters,
		Batch: func(ctx *Context, batch *Batch) (Output, error) {
			ask(ctx)
			return Output{Batch: batch}, nil
		},
	}
}

func TestParameters(t *testing.T) {
	asked := false
	all := asking(func(ctx *Context) {
		asked = true
		if !ctx.Boolean("b") || ctx.Int64("i") != 7 || ctx.Float64("f") != 0.5 || ctx.Utf8("s") != "né" || ctx.Timestamp("t") != -1 ||
			ctx.Duration("d") != 1_000_000 {
			t.Error("another value")
		}
	}, BooleanParameter("b").Default(true), Int64Parameter("i"), Float64Parameter("f").Default(0.1), Utf8Parameter("s").Default("né"),
		TimestampParameter("t").Default(7), DurationParameter("d").Default(7))
	given := func() *sandglasstest.Test {
		return sandglasstest.New(all).Parameter("i", 7).Parameter("f", 0.5).Parameter("t", time.UnixMicro(-1)).Parameter("d", time.Second)
	}
	mustRun(t, given(), numbers(1))
	if !asked {
		t.Error("nothing was asked")
	}
	for want, test := range map[string]*sandglasstest.Test{
		"parameter `i` must be given":                      sandglasstest.New(all),
		"there is no parameter `x`":                        given().Parameter("x", 1),
		"parameter `f` is float64, which the int 1 is not": given().Parameter("f", 1),
	} {
		_, err := test.Run(numbers(1))
		var ours *Error
		if !errors.As(err, &ours) || ours.Message != want || ours.Kind != ParameterFailure {
			t.Errorf("%v, not %s", err, want)
		}
	}
	wrong := fails(t, asking(func(ctx *Context) { ctx.Int64("f") }, Float64Parameter("f").Default(1)))
	if wrong.Kind != ParameterFailure || wrong.Message != "parameter `f` is float64, not int64" {
		t.Error(wrong)
	}
	wrong = fails(t, asking(func(ctx *Context) { ctx.Int64("g") }, Float64Parameter("f").Default(1)))
	if wrong.Message != "there is no parameter `g`; there are `f`" {
		t.Error(wrong)
	}
}

func TestModes(t *testing.T) {
	for _, c := range []struct {
		set func(test *sandglasstest.Test)
		ask func(ctx *Context) bool
	}{
		{func(*sandglasstest.Test) {}, func(ctx *Context) bool {
			filtered, ok := ctx.Range("rows")
			return ctx.Mode() == Materialize && ctx.Interval() == TimeRange{0, 86_400_000_000} && ok && filtered == ctx.Interval()
		}},
		{func(test *sandglasstest.Test) { test.Interval(1, 5).Range("rows", 0, 5) }, func(ctx *Context) bool {
			filtered, _ := ctx.Range("rows")
			return ctx.Interval() == TimeRange{1, 5} && filtered == TimeRange{0, 5} && filtered.Contains(0) && !filtered.Contains(5)
		}},
		{func(test *sandglasstest.Test) { test.Streaming().Property("kit", "x") }, func(ctx *Context) bool {
			_, ok := ctx.Range("rows")
			value, _ := ctx.Property("kit")
			_, isThere := ctx.Property("other")
			return ctx.Mode() == Streaming && !ok && value == "x" && !isThere && ctx.Lineage()
		}},
		{func(test *sandglasstest.Test) { test.Request(7).Lineage(false) }, func(ctx *Context) bool {
			return ctx.Mode() == Request && ctx.RequestTime() == 7 && !ctx.Lineage()
		}},
	} {
		right := false
		test := sandglasstest.New(asking(func(ctx *Context) { right = c.ask(ctx) }))
		c.set(test)
		mustRun(t, test, numbers(1))
		if !right {
			t.Errorf("another context")
		}
	}
}
