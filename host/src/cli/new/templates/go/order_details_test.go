package main

import (
	"reflect"
	"testing"

	"sandglass.dev/guest/sandglasstest"
)

func TestAnOrderWithoutItemsHasNoPrice(t *testing.T) {
	out, err := sandglasstest.New(orderDetails).Run(sandglasstest.Rows{
		"customer_id": []int64{1, 2},
		"ordered_at":  []int64{0, 0},
		"items":       []int64{4, 0},
		"amount":      []float64{10, 0},
	})
	if err != nil {
		t.Fatal(err)
	}
	if got, want := out.Column("price_per_item"), []any{2.5, nil}; !reflect.DeepEqual(got, want) {
		t.Errorf("prices are %v, not %v", got, want)
	}
}
