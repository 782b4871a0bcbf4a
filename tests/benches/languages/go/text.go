package main

import (
	"strings"

	"sandglass.dev/guest/sandglass"
)

var (
	domain = sandglass.Utf8("domain").Nullable()
	length = sandglass.Int64("length").Nullable()
)

var text = sandglass.Aligned{
	Name:   "text",
	Input:  sandglass.Input{Name: "rows", Columns: sandglass.Columns{sandglass.Utf8("address").Nullable()}},
	Output: sandglass.Columns{domain, length},
	Batch: func(_ *sandglass.Context, batch *sandglass.Batch) (sandglass.Output, error) {
		addresses := batch.Utf8("address")
		domains, lengths := sandglass.NewBuilder(domain, batch.Len()), sandglass.NewBuilder(length, batch.Len())
		var lowered []byte
		for row := range batch.Len() {
			address, ok := addresses.Get(row)
			if !ok {
				domains.AppendNull()
				lengths.AppendNull()
				continue
			}
			lengths.AppendInt64(int64(len(address)))
			at := strings.LastIndexByte(address, '@')
			if at < 0 {
				domains.AppendNull()
				continue
			}
			lowered = appendLower(lowered[:0], address[at+1:])
			domains.AppendString(string(lowered))
		}
		return sandglass.ColumnsOf(domains.Array(), lengths.Array()), nil
	},
}

// appendLower appends a text with its ASCII letters in lower case.
func appendLower(to []byte, text string) []byte {
	to = append(to, text...)
	for i, letter := range to {
		if 'A' <= letter && letter <= 'Z' {
			to[i] = letter + ('a' - 'A')
		}
	}
	return to
}
