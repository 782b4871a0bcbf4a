package main

import (
	"fmt"

	"sandglass.dev/guest/sandglass"
)

var speaks = sandglass.Row{
	Name: "speaks",
	Doc:  "Logs, rejects and fails as its rows say.",
	Input: sandglass.Input{Name: "rows", Columns: sandglass.Columns{
		sandglass.Utf8("word"),
		sandglass.Utf8("text"),
	}},
	Output: sandglass.Columns{sandglass.Utf8("word")},
	Emit: func(_ *sandglass.Context, batch *sandglass.Batch, out *sandglass.Emitter) error {
		words, texts := batch.Utf8("word"), batch.Utf8("text")
		for row := range batch.Len() {
			word, text := words.Value(row), texts.Value(row)
			switch word {
			case "debug":
				sandglass.LogDebug("%s", text)
			case "info":
				sandglass.LogInfo("%s", text)
			case "warn":
				sandglass.LogWarn("%s", text)
			case "error":
				sandglass.LogError("%s", text)
			case "print":
				fmt.Println(text)
			case "reject":
				out.Reject(row, text)
				continue
			case "input":
				return sandglass.InputError(row, "%s", text)
			case "parameter":
				return sandglass.ParameterError("%s", text).OfRow(row)
			case "internal":
				return sandglass.InternalError("%s", text).OfRow(row)
			case "crash":
				word = texts.Value(batch.Len())
			}
			out.Emit(row, word)
		}
		return nil
	},
}
