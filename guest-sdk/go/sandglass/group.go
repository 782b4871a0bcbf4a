package sandglass

// Group is all rows of one key, of every input. It and its batches are valid during the call; their arrays' memory is the
// function's to keep.
type Group struct {
	key     []Key
	inputs  []Input
	batches []*Batch
}

// Key is a part of the key, in the order in which inputs name their key columns.
func (g *Group) Key(part int) Key { return g.key[part] }

// Rows is the key's rows of an input, sorted by time; without rows if the input has none of this key. It fails the run if there
// is no input of that name.
func (g *Group) Rows(input string) *Batch { return g.batches[inputPlace(g.inputs, input)] }

// lane is where one input of a range of keys stands.
type lane struct {
	schema  *schema
	batches []laneBatch
	// batch, run and row are where the rows not handed out yet begin.
	batch, run, row int
	// view is handed out, and empty is its columns where there are no rows.
	view  *Batch
	empty []array
	// key and pieces are those of the last peek and take.
	key    []Key
	pieces []piece
}

// piece is rows of a batch that have one key.
type piece struct {
	arrays     []array
	from, rows int
}

type laneBatch struct {
	arrays []array
	keys   []keyColumn
	// ends are the rows behind the last row of each key.
	ends []int
}

func newLane(s *schema) *lane {
	l := &lane{schema: s}
	for i := range s.columns {
		l.empty = append(l.empty, newBuilder(&s.columns[i], nil, 0).finish())
	}
	l.view = newBatch(s, 0, l.empty, nil)
	return l
}

func (l *lane) add(batch *Batch, keys []string) error {
	added := laneBatch{arrays: batch.arrays()}
	changes := make([]bool, batch.rows)
	for _, name := range keys {
		key, err := newKeyColumn(batch.Column(name))
		if err != nil {
			return err
		}
		key.changes(changes)
		added.keys = append(added.keys, key)
	}
	for row, changed := range changes {
		if changed {
			added.ends = append(added.ends, row)
		}
	}
	added.ends = append(added.ends, batch.rows)
	l.batches = append(l.batches, added)
	return nil
}

// peek answers the next key, nil if there is none.
func (l *lane) peek() []Key {
	l.key = l.key[:0]
	if l.batch == len(l.batches) {
		return nil
	}
	for i := range l.batches[l.batch].keys {
		l.key = append(l.key, l.batches[l.batch].keys[i].key(l.row))
	}
	return l.key
}

// take makes the view the rows of this key, and moves past them. Copied are only the rows of a key that spans batches.
func (l *lane) take(key []Key) {
	l.pieces = l.pieces[:0]
	for compareKeys(l.peek(), key) == 0 {
		from := &l.batches[l.batch]
		end := from.ends[l.run]
		l.pieces = append(l.pieces, piece{from.arrays, l.row, end - l.row})
		if l.row, l.run = end, l.run+1; l.run < len(from.ends) {
			break
		}
		l.batch, l.run, l.row = l.batch+1, 0, 0
	}
	switch len(l.pieces) {
	case 0:
		l.view.set(0, 0, l.empty)
	case 1:
		l.view.set(l.pieces[0].rows, l.pieces[0].from, l.pieces[0].arrays)
	default:
		l.view.set(l.together())
	}
}

func (l *lane) together() (rows, from int, arrays []array) {
	for i := range l.schema.columns {
		parts := make([]array, len(l.pieces))
		for j, p := range l.pieces {
			parts[j] = p.arrays[i].slice(p.from, p.rows)
		}
		arrays = append(arrays, concatenated(&l.schema.columns[i], parts))
		rows = arrays[i].length
	}
	return rows, 0, arrays
}

// compareKeys orders keys as the host does; none comes after all.
func compareKeys(left, right []Key) int {
	if len(left) == 0 || len(right) == 0 {
		return len(right) - len(left)
	}
	for i := range left {
		if order := left[i].compare(right[i]); order != 0 {
			return order
		}
	}
	return 0
}

// eachKey calls each for every key of the lanes, keys rising.
func eachKey(inputs []Input, lanes []*lane, each func(*Group) error) error {
	group := &Group{inputs: inputs}
	for _, l := range lanes {
		group.batches = append(group.batches, l.view)
	}
	for {
		var least []Key
		for _, l := range lanes {
			if key := l.peek(); compareKeys(key, least) < 0 {
				least = key
			}
		}
		if len(least) == 0 {
			return nil
		}
		group.key = append(group.key[:0], least...)
		for _, l := range lanes {
			l.take(group.key)
		}
		if err := each(group); err != nil {
			return err
		}
	}
}
