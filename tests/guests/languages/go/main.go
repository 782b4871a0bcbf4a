// What a careless or a hostile author could do in Go, by words. No word is answered by more than an error of its own run.
package main

import (
	"maps"
	"slices"
	"strings"

	"sandglass.dev/guest/sandglass"
)

var words = map[string]func() string{}

func know(all map[string]func() string) { maps.Copy(words, all) }

var misbehaves = sandglass.Row{
	Name: "misbehaves",
	Doc:  "Does what each row says.",
	Input: sandglass.Input{Name: "rows", Columns: sandglass.Columns{
		sandglass.Utf8("what"),
		sandglass.Timestamp("timestamp"),
	}},
	Output: sandglass.Columns{
		sandglass.Utf8("what"),
		sandglass.Utf8("said"),
		sandglass.Timestamp("timestamp"),
	},
	Emit: func(_ *sandglass.Context, batch *sandglass.Batch, out *sandglass.Emitter) error {
		emitter, rows = out, batch
		whats, times := batch.Utf8("what"), batch.Timestamp("timestamp")
		for row := range batch.Len() {
			word := whats.Value(row)
			act := words[word]
			if act == nil {
				known := strings.Join(slices.Sorted(maps.Keys(words)), ", ")
				return sandglass.InputError(row, "there is no word `%s`; there are %s", word, known)
			}
			said := act()
			if fails != nil {
				return fails
			}
			out.Emit(row, word, said, times.Value(row))
		}
		return nil
	},
}

var (
	// emitter and rows are those of the last call, for words that go on with them.
	emitter *sandglass.Emitter
	rows    *sandglass.Batch
	// fails is the error that a word wants to return.
	fails error
)

func init() { sandglass.Register(misbehaves) }

func main() {}
