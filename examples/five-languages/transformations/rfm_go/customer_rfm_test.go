package main

import (
	"reflect"
	"testing"

	"sandglass.dev/guest/sandglasstest"
)

func run(t *testing.T, end int64, rows sandglasstest.Rows) *sandglasstest.Outcome {
	t.Helper()
	out, err := sandglasstest.New(customerRFM).
		Interval(end-dayMicros, end).
		Range("purchases", end-90*dayMicros, end).
		Run(rows)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func TestValuesOfEachCustomer(t *testing.T) {
	end := int64(100 * dayMicros)
	out := run(t, end, sandglasstest.Rows{
		"customer_id": []int64{1, 2, 1, 3},
		"timestamp":   []int64{98*dayMicros + 1, 99 * dayMicros, 10 * dayMicros, end - 1},
		"amount":      []any{1.5, 5.0, nil, 0.1},
	})
	// A purchase exactly one day before the end is one day ago, a microsecond later it is none.
	for column, want := range map[string][]any{
		"customer_id":  {int64(1), int64(2), int64(3)},
		"timestamp":    {end - 1, end - 1, end - 1},
		"recency_days": {int64(1), int64(1), int64(0)},
		"frequency":    {int64(2), int64(1), int64(1)},
		"monetary":     {1.5, 5.0, 0.1},
	} {
		if got := out.Column(column); !reflect.DeepEqual(got, want) {
			t.Errorf("%s is %v, not %v", column, got, want)
		}
	}
}

func TestAmountsAreAddedInTheOrderOfTime(t *testing.T) {
	out := run(t, 10*dayMicros, sandglasstest.Rows{
		"customer_id": []int64{7, 7, 7},
		"timestamp":   []int64{3, 1, 2},
		"amount":      []float64{0.3, 0.1, 0.2},
	})
	// Constants would be added exactly.
	want := 0.1
	for _, amount := range []float64{0.2, 0.3} {
		want += amount
	}
	if got := out.Batch.Float64("monetary").Value(0); got != want {
		t.Errorf("%v, not %v", got, want)
	}
}

func TestNobodyWithoutAPurchase(t *testing.T) {
	out := run(t, dayMicros, sandglasstest.Rows{"customer_id": []int64{}, "timestamp": []int64{}, "amount": []float64{}})
	if out.Batch.Len() != 0 {
		t.Errorf("%d rows", out.Batch.Len())
	}
}

func TestDaysAreRoundedDown(t *testing.T) {
	for a, want := range map[int64]int64{-1: -1, 0: 0, 1: 0, -dayMicros: -1, -dayMicros - 1: -2} {
		if got := floorDiv(a, dayMicros); got != want {
			t.Errorf("%d: %d, not %d", a, got, want)
		}
	}
}
