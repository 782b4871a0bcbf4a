package sandglass

// Inputs is all rows of an interval, input by input.
type Inputs struct {
	inputs  []Input
	schemas []*schema
	batches [][]*Batch
}

// Batches is the rows of an input, as they came. It fails the run if there is no input of that name.
func (i *Inputs) Batches(input string) []*Batch { return i.batches[inputPlace(i.inputs, input)] }

// Rows is the rows of an input in one batch; it copies them if they came in several. It fails the run if there is no input of
// that name.
func (i *Inputs) Rows(input string) *Batch {
	place := inputPlace(i.inputs, input)
	if len(i.batches[place]) == 1 {
		return i.batches[place][0]
	}
	return joined(i.schemas[place], i.batches[place])
}

// joined is one batch of several, or of none.
func joined(s *schema, batches []*Batch) *Batch {
	rows := 0
	for _, batch := range batches {
		rows += batch.rows
	}
	arrays := make([]array, len(s.columns))
	for i := range s.columns {
		parts := make([]array, len(batches))
		for j, batch := range batches {
			parts[j] = batch.at(i).array
		}
		arrays[i] = concatenated(&s.columns[i], parts)
	}
	return newBatch(s, rows, arrays, nil)
}
