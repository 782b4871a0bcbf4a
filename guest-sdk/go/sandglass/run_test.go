package sandglass_test

import (
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"

	. "sandglass.dev/guest/sandglass"
	"sandglass.dev/guest/sandglasstest"
)

func numbersIn() Input { return Input{Name: "rows", Columns: Columns{Int64("n")}} }

func row(batch func(*Context, *Batch) (Output, error)) Row {
	return Row{Name: "t", Input: numbersIn(), Output: Columns{Int64("n")}, Batch: batch}
}

func aligned(batch func(*Context, *Batch) (Output, error)) Aligned {
	return Aligned{Name: "t", Input: numbersIn(), Output: Columns{Int64("n")}, Batch: batch}
}

func emitting(emit func(*Context, *Batch, *Emitter) error) Row {
	return Row{Name: "t", Input: numbersIn(), Output: Columns{Int64("n")}, Emit: emit}
}

func numbers(n int) sandglasstest.Rows {
	values := make([]int64, n)
	for i := range values {
		values[i] = int64(i)
	}
	return sandglasstest.Rows{"n": values}
}

func mustRun(t *testing.T, test *sandglasstest.Test, rows ...sandglasstest.Rows) *sandglasstest.Outcome {
	t.Helper()
	out, err := test.Run(rows...)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func fails(t *testing.T, transformation Transformation) *Error {
	t.Helper()
	_, err := sandglasstest.New(transformation).Run(numbers(4))
	var ours *Error
	if !errors.As(err, &ours) {
		t.Fatalf("%v is no *Error", err)
	}
	return ours
}

func ints(values ...int64) Output { return ColumnsOf(Int64s(values)) }

func TestSourceRowsAreImplied(t *testing.T) {
	all := aligned(func(_ *Context, batch *Batch) (Output, error) { return Output{Batch: batch}, nil })
	out := mustRun(t, sandglasstest.New(all).BatchRows(3), numbers(8))
	if want := []uint32{0, 1, 2, 3, 4, 5, 6, 7}; !slices.Equal(out.SourceRows, want) || out.Batch.Int64("n").Value(7) != 7 {
		t.Errorf("%v", out.SourceRows)
	}
	if out := mustRun(t, sandglasstest.New(all).Lineage(false), numbers(8)); out.SourceRows != nil {
		t.Errorf("%v", out.SourceRows)
	}
	butOne := row(func(*Context, *Batch) (Output, error) {
		output := ints(0, 2, 3)
		output.Rejected = []Rejection{{1, "odd"}}
		return output, nil
	})
	out = mustRun(t, sandglasstest.New(butOne), numbers(4))
	if !slices.Equal(out.SourceRows, []uint32{0, 2, 3}) || !slices.Equal(out.Rejected, []Rejection{{1, "odd"}}) {
		t.Errorf("%v %v", out.SourceRows, out.Rejected)
	}
}

func TestOutputsThatAreNotTheContracts(t *testing.T) {
	output := func(output Output) Row { return row(func(*Context, *Batch) (Output, error) { return output, nil }) }
	emit := func(emit func(out *Emitter)) Row {
		return emitting(func(_ *Context, _ *Batch, out *Emitter) error { emit(out); return nil })
	}
	nulls := NewBuilder(Int64("n").Nullable(), 0)
	nulls.AppendNull()
	withNulls := nulls.Array()
	for _, c := range []struct {
		transformation Transformation
		want           string
	}{
		{output(ints(1)), "1 rows out for 4 rows in: say in Output.SourceRows which row each came from"},
		{output(Output{Columns: []Array{Int64s([]int64{1})}, SourceRows: []uint32{1, 2}}), "2 source rows for 1 rows"},
		{output(Output{Columns: []Array{Int64s([]int64{1, 2})}, SourceRows: []uint32{1, 0}}), "source rows that fall"},
		{output(Output{Columns: []Array{Int64s([]int64{1})}, SourceRows: []uint32{4}}), "source row 4 of 4"},
		{output(Output{Rejected: []Rejection{{4, "x"}}}), "rejected row 4 of a batch of 4"},
		{output(Output{Rejected: []Rejection{{-1, "x"}}}), "rejected row -1 of a batch of 4"},
		{output(ColumnsOf(Float64s(make([]float64, 4)))), "output: column `n` is float64, the contract says int64"},
		{output(ColumnsOf(Timestamps(make([]int64, 4)))), "output: column `n` is timestamp, the contract says int64"},
		{output(ColumnsOf(withNulls)), "output: column `n` has 1 nulls, the contract says that it has none"},
		{output(ColumnsOf([]Array{}...)), "output: 0 columns, there should be 1: `n`"},
		{output(Output{Columns: []Array{nil}}), "output: column 0 is nil"},
		{output(Output{Columns: []Array{Int64s(nil), Int64s(nil)}}), "output: 2 columns, there should be 1: `n`"},
		{output(Output{Columns: []Array{Int64s(nil)}, Batch: &Batch{}}), "output: set Columns or Batch, not both"},
		{aligned(func(*Context, *Batch) (Output, error) { return ints(1, 2), nil }),
			"2 rows out for 4 rows in; the aligned scope has one for each"},
		{aligned(func(*Context, *Batch) (Output, error) { return ints(1, 2, 3, 4, 5), nil }),
			"5 rows out for 4 rows in; the aligned scope has one for each"},
		{aligned(func(_ *Context, batch *Batch) (Output, error) {
			return Output{Batch: batch, Rejected: []Rejection{{0, "x"}}}, nil
		}), "only the row scope can reject rows: leave them out, or return an InputError"},
		{emit(func(out *Emitter) { out.Emit(1, 1); out.Emit(0, 1) }), "source row 0 after 1"},
		{emit(func(out *Emitter) { out.Emit(4, 1) }), "row 4 of a batch of 4"},
		{emit(func(out *Emitter) { out.Emit(-1, 1) }), "row -1 of a batch of 4"},
		{emit(func(out *Emitter) { out.Emit(0, "text") }), "column `n` is int64, which text is not"},
		{emit(func(out *Emitter) { out.Emit(0, nil) }), "column `n` is null, the contract says that it never is"},
		{emit(func(out *Emitter) { out.Emit(0, 1, 2) }), "a row of 2 cells, the output has 1 columns: `n`"},
		{emit(func(out *Emitter) { out.Reject(4, "x") }), "rejected row 4 of a batch of 4"},
		{row(func(_ *Context, batch *Batch) (Output, error) { batch.Int64("m"); return Output{}, nil }),
			"no column `m`; there are `n`"},
		{row(func(_ *Context, batch *Batch) (Output, error) { batch.Utf8("n"); return Output{}, nil }),
			"column `n` is int64, not utf8"},
		{row(func(_ *Context, batch *Batch) (Output, error) { batch.Take([]uint32{4}); return Output{}, nil }),
			"row 4 of a batch of 4"},
		{row(func(ctx *Context, _ *Batch) (Output, error) { ctx.RequestTime(); return Output{}, nil }),
			"there is no request in the mode materialize whose time could be told"},
		{row(func(ctx *Context, _ *Batch) (Output, error) { ctx.Range("other"); return Output{}, nil }),
			"there is no input `other`; there are `rows`"},
	} {
		if got := fails(t, c.transformation); got.Message != c.want || got.Kind != InternalFailure {
			t.Errorf("%s: %q, not %q", got.Kind, got.Message, c.want)
		}
	}
}

func TestEmittedRowsKnowTheirSource(t *testing.T) {
	explode := emitting(func(_ *Context, batch *Batch, out *Emitter) error {
		for row, n := range batch.Int64("n").Values() {
			if n == 9 {
				out.Reject(row, "nine")
				continue
			}
			for i := range n {
				out.Emit(row, i)
			}
		}
		return nil
	})
	out := mustRun(t, sandglasstest.New(explode).BatchRows(2), sandglasstest.Rows{"n": []int{2, 9, 0, 1}})
	if !slices.Equal(out.Batch.Int64("n").Values(), []int64{0, 1, 0}) || !slices.Equal(out.SourceRows, []uint32{0, 0, 3}) ||
		!slices.Equal(out.Rejected, []Rejection{{1, "nine"}}) {
		t.Errorf("%v %v %v", out.Column("n"), out.SourceRows, out.Rejected)
	}
	out = mustRun(t, sandglasstest.New(explode), sandglasstest.Rows{"n": []int{20_000, 9, 1, 9}})
	if out.Batch.Len() != 20_001 || len(out.SourceRows) != 20_001 || out.SourceRows[19_999] != 0 || out.SourceRows[20_000] != 2 {
		t.Errorf("%d rows", out.Batch.Len())
	}
	for i, n := range out.Batch.Int64("n").Values()[:20_000] {
		if n != int64(i) {
			t.Fatalf("%d at %d", n, i)
		}
	}
	if len(out.Rejected) != 2 {
		t.Errorf("%v", out.Rejected)
	}
}

func TestLargeOutputsAreSplit(t *testing.T) {
	many := row(func(*Context, *Batch) (Output, error) {
		output := ints(make([]int64, 20_000)...)
		output.SourceRows = slices.Repeat([]uint32{3}, 20_000)
		output.Rejected = []Rejection{{0, "x"}}
		return output, nil
	})
	out := mustRun(t, sandglasstest.New(many), numbers(4))
	if out.Batch.Len() != 20_000 || len(out.SourceRows) != 20_000 || len(out.Rejected) != 1 {
		t.Errorf("%d rows, %d source rows, %v", out.Batch.Len(), len(out.SourceRows), out.Rejected)
	}
}

func TestErrorsAndPanics(t *testing.T) {
	ending := func(err error) Row { return row(func(*Context, *Batch) (Output, error) { return Output{}, err }) }
	plain := fails(t, ending(errors.New("plain")))
	if plain.Kind != InternalFailure || plain.Message != "plain" || plain.Row != nil {
		t.Errorf("%#v", plain)
	}
	wrapped := fails(t, ending(fmt.Errorf("order: %w", InputError(2, "odd").OfInput(0))))
	if wrapped.Kind != InputFailure || wrapped.Message != "order: odd" || *wrapped.Row != 2 || *wrapped.Input != 0 {
		t.Errorf("%#v", wrapped)
	}
	if text := wrapped.Error(); text != "order: odd (input 0, row 2)" {
		t.Error(text)
	}
	// A row is told as one of the input.
	late := row(func(_ *Context, batch *Batch) (Output, error) {
		if batch.Int64("n").Value(0) >= 4 {
			return Output{}, InputError(1, "late")
		}
		return Output{Batch: batch}, nil
	})
	_, err := sandglasstest.New(late).BatchRows(2).Run(numbers(8))
	var ours *Error
	if !errors.As(err, &ours) || *ours.Row != 5 {
		t.Errorf("%v", err)
	}
	if parameter := fails(t, ending(ParameterError("%d", 7))); parameter.Kind != ParameterFailure || parameter.Message != "7" {
		t.Errorf("%#v", parameter)
	}

	crash := row(func(_ *Context, batch *Batch) (Output, error) {
		return ints(batch.Int64("n").Value(batch.Len())), nil
	})
	out, err := sandglasstest.New(crash).Run(numbers(4))
	if want := "panic: runtime error: index out of range [4] with length 4"; err == nil || err.Error() != want {
		t.Errorf("%v, not %s", err, want)
	}
	if len(out.Logs) != 1 || out.Logs[0].Level != "error" || !strings.Contains(out.Logs[0].Text, "index out of range") {
		t.Errorf("%v", out.Logs)
	}
	for value, want := range map[any]string{"text": "panic: text", 7: "panic: 7"} {
		if got := fails(t, row(func(*Context, *Batch) (Output, error) { panic(value) })); got.Message != want {
			t.Errorf("%s, not %s", got.Message, want)
		}
	}
	if got := fails(t, row(func(*Context, *Batch) (Output, error) { panic(InputError(1, "ours")) })); got.Kind != InputFailure {
		t.Errorf("%#v", got)
	}
}

func TestLogsAreUTF8(t *testing.T) {
	speaking := row(func(_ *Context, batch *Batch) (Output, error) {
		LogDebug("100%")
		LogInfo("%d", 7)
		LogWarn("a\xffb")
		LogError("%s", "né")
		return Output{Batch: batch}, nil
	})
	out := mustRun(t, sandglasstest.New(speaking), numbers(1))
	want := []sandglasstest.Log{
		{Level: "debug", Text: "100%"}, {Level: "info", Text: "7"}, {Level: "warn", Text: "a\uFFFDb"}, {Level: "error", Text: "né"},
	}
	if !reflect.DeepEqual(out.Logs, want) {
		t.Errorf("%v", out.Logs)
	}
}

// What is kept of a batch without a copy is overwritten, here as in a component.
func TestBatchesAreGoneAfterTheirCall(t *testing.T) {
	var kept []string
	var numbers []int64
	keeping := Row{
		Name: "t", Input: Input{Name: "rows", Columns: Columns{Utf8("word"), Int64("n")}}, Output: Columns{Utf8("word")},
		Batch: func(_ *Context, batch *Batch) (Output, error) {
			kept = append(kept, batch.Utf8("word").Value(0))
			numbers = batch.Int64("n").Values()
			return Output{Batch: batch}, nil
		},
	}
	out := mustRun(t, sandglasstest.New(keeping), sandglasstest.Rows{"word": []string{"word"}, "n": []int{7}})
	if got := out.Column("word"); !reflect.DeepEqual(got, []any{"word"}) {
		t.Errorf("%v", got)
	}
	if kept[0] == "word" || numbers[0] == 7 {
		t.Error("a batch's memory is still there")
	}
}

func TestContracts(t *testing.T) {
	nothing := func(*Context, *Group, *Rows) error { return nil }
	keyed := func(keys []string, columns ...Column) Keyed {
		inputs := []Input{
			{Name: "a", Columns: Columns{Int64("k")}, Keys: []string{"k"}},
			{Name: "b", Columns: columns, Keys: keys},
		}
		return Keyed{Name: "t", Inputs: inputs, Output: Columns{Int64("k")}, Emit: nothing}
	}
	for _, c := range []struct {
		transformation Transformation
		want           string
	}{
		{Row{Name: "t", Input: numbersIn()}, "transformation `t`: set one of Batch, Emit and Open, not 0"},
		{Keyed{Name: "t", Emit: nothing, Open: func(*Context) (Run, error) { return nil, nil }},
			"transformation `t`: set one of Emit and Open, not 2"},
		{keyed([]string{"x"}, Int64("k")), "transformation `t`: key `x` is no column of input `b`; there are `k`"},
		{keyed([]string{"k"}, Float64("k")), "transformation `t`: column `k` is float64, which cannot be a key"},
		{keyed([]string{"k"}, Utf8("k")), "transformation `t`: the keys of inputs `a` and `b` are not of the same kinds"},
		{keyed(nil, Utf8("k")), "transformation `t`: input `b` has no Keys, which the keyed scope needs"},
		{Row{Name: "t", Input: numbersIn(), Open: func(*Context) (Run, error) { return nil, nil }}, "Open answered no run"},
		{Row{Name: "t", Input: numbersIn(), Open: func(*Context) (Run, error) { return nil, ParameterError("odd") }}, "odd"},
	} {
		if got := fails(t, c.transformation); got.Message != c.want {
			t.Errorf("%q, not %q", got.Message, c.want)
		}
	}
}

// summing goes over an interval without holding it.
type summing struct {
	sum   int64
	ready *Output
}

func (s *summing) Push(_ int, batch *Batch) error {
	for _, n := range batch.Int64("n").Values() {
		s.sum += n
	}
	return nil
}

func (s *summing) EndKeys() error { return nil }

func (s *summing) Finish() error {
	output := ColumnsOf(Int64s([]int64{s.sum}))
	s.ready = &output
	return nil
}

func (s *summing) Next() (*Output, error) {
	ready := s.ready
	s.ready = nil
	return ready, nil
}

func TestRunsWithAStateOfTheirOwn(t *testing.T) {
	sum := Interval{
		Name: "sum", Inputs: []Input{numbersIn()}, Output: Columns{Int64("n")},
		Open: func(*Context) (Run, error) { return &summing{}, nil },
	}
	out := mustRun(t, sandglasstest.New(sum).BatchRows(3), numbers(10))
	if got := out.Column("n"); !reflect.DeepEqual(got, []any{int64(45)}) || out.SourceRows != nil {
		t.Errorf("%v", got)
	}
}

func TestAlignedRowsOneByOne(t *testing.T) {
	doubled := Aligned{
		Name: "t", Input: numbersIn(), Output: Columns{Int64("n")},
		Emit: func(_ *Context, batch *Batch, out *Rows) error {
			for _, n := range batch.Int64("n").Values() {
				if n != 3 {
					out.Emit(2 * n)
				}
			}
			return nil
		},
	}
	out := mustRun(t, sandglasstest.New(doubled), numbers(3))
	if got := out.Batch.Int64("n").Values(); !slices.Equal(got, []int64{0, 2, 4}) {
		t.Errorf("%v", got)
	}
	if got := fails(t, doubled); got.Message != "3 rows out for 4 rows in; the aligned scope has one for each" {
		t.Error(got)
	}
}
