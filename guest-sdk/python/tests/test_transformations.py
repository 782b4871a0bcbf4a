"""Transformations of every scope, through the same conversions and checks as in a component."""

import pytest

from sandglass_guest import (
    Input,
    InputError,
    InternalError,
    Output,
    Parameter,
    ParameterError,
    aligned,
    boolean,
    duration,
    float64,
    info,
    int32,
    int64,
    interval,
    keyed,
    list_of,
    row,
    struct_of,
    timestamp,
    utf8,
)
from sandglass_guest.testing import Test
from sandglass_guest.transformation import check_names, find

ROWS = Input("rows", {"id": int64, "amount": float64.nullable})
BOTH = {"id": int64, "amount": float64.nullable}


def per_batch(function, output=None, scope=row, **named):
    return scope("x", input=ROWS, output=output or BOTH, **named)(function)


def given(rows):
    return {"id": list(range(rows)), "amount": [None if i % 5 == 3 else i / 2 for i in range(rows)]}


@pytest.mark.parametrize("batch_rows", [1, 3, 8192])
def test_a_filter_knows_its_source_rows(batch_rows):
    keep = per_batch(lambda context, batch: batch.filter(batch.amount > 2.0))
    outcome = Test(keep).batch_rows(batch_rows).run(given(10))
    assert outcome.source_rows == [5, 6, 7, 9]
    assert outcome.rows == [(5, 2.5), (6, 3.0), (7, 3.5), (9, 4.5)]
    assert Test(keep).lineage(False).run(given(10)).source_rows is None


def test_picked_twice():
    def picks(context, batch):
        kept = batch.filter(batch.amount.is_valid()).take([2, 3])
        return kept.with_columns(amount=kept.amount * 2)

    outcome = Test(per_batch(picks)).run(given(10))
    assert outcome.source_rows == [2, 4] and outcome.rows == [(2, 2.0), (4, 4.0)]


@pytest.mark.parametrize("rows", [0, 1, 8191, 8192, 8193, 20000])
def test_rows_one_by_one(rows):
    def emits(context, batch, out):
        for source, (id, amount) in enumerate(zip(batch.id, batch.amount)):
            if amount is None:
                out.reject(source, f"nothing of {id}")
            else:
                out.emit(source, id, amount)
                out.emit(source, -id, None)

    outcome = Test(per_batch(emits)).batch_rows(50_000).run(given(rows))
    expected = [(i, i / 2) for i in range(rows) if i % 5 != 3]
    assert outcome.rows == [one for id, amount in expected for one in ((id, amount), (-id, None))]
    assert (outcome.source_rows or []) == [id for id, _ in expected for _ in range(2)]
    assert outcome.rejected == [(i, f"nothing of {i}") for i in range(rows) if i % 5 == 3]


@pytest.mark.parametrize(
    ("function", "message"),
    [
        (lambda c, b, out: out.emit(9, 1, 1.0), "row 9 of a batch of 5"),
        (lambda c, b, out: out.emit(-1, 1, 1.0), "row -1 of a batch of 5"),
        (lambda c, b, out: (out.emit(2, 1, 1.0), out.emit(1, 1, 1.0)), "source row 1 after 2"),
        (lambda c, b, out: out.emit(0, 1), "a row of 1 values, the output has 2 columns: `id`, `amount`"),
        (lambda c, b, out: out.emit("0", 1, 1.0), "the first is the row of the batch"),
        (lambda c, b, out: out.emit(0, "x", 1.0), r"output: column `id`: int64 cannot hold 'x' \(value 0\)"),
        (lambda c, b, out: out.emit(0, None, 1.0), "output: column `id` has 1 nulls, the contract says that it has none"),
        (lambda c, b, out: out.reject(5, "x"), "rejected row 5 of a batch of 5"),
    ],
)
def test_what_emitters_refuse(function, message):
    def emits(context, batch, out):
        function(context, batch, out)

    with pytest.raises(InternalError, match=message):
        Test(per_batch(emits)).run(given(5))


@pytest.mark.parametrize(
    ("function", "message"),
    [
        (lambda c, b: {"id": b.id}, "output: column `amount` is missing; there are `id`"),
        (lambda c, b: {"id": b.id, "amount": b.amount, "x": b.id}, "no column `x` in the contract; it has `id`, `amount`"),
        (lambda c, b: {"id": b.amount, "amount": b.amount}, "output: column `id` is float64, the contract says int64"),
        (lambda c, b: {"id": b.id, "amount": [1.0]}, "output: column `amount` has 1 rows, the first has 5"),
        (lambda c, b: {"id": [None] * 5, "amount": b.amount}, "output: column `id` has 5 nulls"),
        (lambda c, b: {"id": b.id, "amount": 1.0}, "which is neither a column nor a list"),
        (lambda c, b: [1], "output: list is neither an Output"),
        (lambda c, b: b.take([1]).to_dict(), "1 rows out for 5 rows in: say which row"),
        (lambda c, b: Output(b.take([1]).to_dict(), source_rows=[5]), "source row 5 of 5"),
        (lambda c, b: Output(b.take([1, 2]).to_dict(), source_rows=[2, 1]), "source rows that fall"),
        (lambda c, b: Output(b.take([1, 2]).to_dict(), source_rows=[1]), "1 source rows for 2 rows"),
        (lambda c, b: b.take([2, 1]), "source rows that fall"),
        (lambda c, b: Output(b, rejected=[(9, "x")]), "rejected row 9 of a batch of 5"),
    ],
)
def test_what_outputs_are_refused(function, message):
    with pytest.raises(InternalError, match=message):
        Test(per_batch(function)).run(given(5))


def test_outputs_that_are_well():
    implied = per_batch(lambda c, b: Output(b.take([0, 2]).to_dict(), rejected=[(3, "c"), (1, "a"), (4, "d")]))
    outcome = Test(implied).run(given(5))
    assert outcome.source_rows == [0, 2] and outcome.rejected == [(1, "a"), (3, "c"), (4, "d")]
    assert Test(per_batch(lambda c, b: None)).run(given(5)).batch.rows == 0
    lists = per_batch(lambda c, b: {"id": (one + 1 for one in b.id), "amount": tuple(b.amount)})
    assert Test(lists).run(given(2)).rows == [(1, 0.0), (2, 0.5)]


def test_aligned_rows():
    double = per_batch(lambda context, batch: {"id": batch.id * 2, "amount": batch.amount}, scope=aligned)
    assert Test(double).batch_rows(2).run(given(5)).batch.id.to_list() == [0, 2, 4, 6, 8]
    short = per_batch(lambda context, batch: batch.take([0]), scope=aligned)
    with pytest.raises(InternalError, match="1 rows out for 5 rows in; the aligned scope has one for each"):
        Test(short).run(given(5))
    with pytest.raises(InternalError, match="only the row scope can reject rows"):
        Test(per_batch(lambda c, b: Output(b, rejected=[(0, "x")]), scope=aligned)).run(given(5))


def test_nulls_inside():
    kind = struct_of({"a": int64, "b": list_of(int64)})
    make = aligned("x", input=ROWS, output={"s": kind.nullable})
    loose = struct_of({"a": int64.nullable, "b": list_of(int64.nullable).nullable})

    def run(values):
        return Test(make(lambda context, batch: {"s": loose.nullable.column(values)})).run(given(1)).batch.s.to_list()

    assert run([None]) == [None]
    assert run([{"a": 1, "b": [1]}]) == [{"a": 1, "b": [1]}]
    for values, name in (([{"a": None, "b": []}], "a"), ([{"a": 1, "b": None}], "b"), ([{"a": 1, "b": [None]}], "item")):
        with pytest.raises(InternalError, match=f"column `s` has nulls in its `{name}`"):
            run(values)


SALES = Input("sales", {"region": utf8, "store": int64, "timestamp": timestamp, "amount": float64.nullable}, keys=["region", "store"])
VISITS = Input("visits", {"area": utf8, "shop": int64, "at": timestamp, "visitors": int32}, keys=["area", "shop"])


@keyed("totals", inputs=[SALES, VISITS], output={"region": utf8, "store": int64, "sales": float64, "visitors": int64, "first": timestamp.nullable})
def totals(context, group, out):
    region, store = group.key
    sales = group.sales
    out.emit(region, store, sales.amount.sum(), group.rows(1).visitors.sum(), sales.timestamp[0] if sales else None)


@pytest.mark.parametrize("batch_rows", [1, 2, 100])
def test_keys_rise_over_all_inputs(batch_rows):
    sales = {"region": ["b", "a", "b", "b"], "store": [1, 2, 1, 0], "timestamp": [9, 5, 3, 1], "amount": [0.1, None, 0.2, 4.0]}
    visits = {"area": ["c", "a", "b", "aa"], "shop": [1, 2, 1, 9], "at": [0, 0, 0, 0], "visitors": [7, 8, 9, 4]}
    outcome = Test(totals).batch_rows(batch_rows).run(sales, visits)
    aa = ("aa", 9, 0.0, 4, None)
    assert outcome.rows == [("a", 2, 0.0, 8, 5), aa, ("b", 0, 4.0, 0, 1), ("b", 1, 0.2 + 0.1, 9, 3), ("c", 1, 0.0, 7, None)]
    assert outcome.source_rows is None


def test_many_keys_have_many_outputs():
    one = keyed("x", inputs=Input("rows", {"id": int64}, keys="id"), output={"id": int64, "rows": int64})
    count = one(lambda context, group, out: out.emit(group.key[0], len(group.rows())))
    outcome = Test(count).batch_rows(1000).run({"id": [i // 2 for i in range(40_000)]})
    assert outcome.rows == [(i, 2) for i in range(20_000)]


def test_groups_pick_and_name():
    seen = []

    @keyed("x", inputs=SALES, output={"store": int64})
    def picks(context, group, out):
        rows = group.sales
        kept = rows.filter(rows.amount > 1.0)
        seen.append((group.key, kept.store.to_list(), rows.with_columns(x=rows.store).names, list(rows.zip("store"))))
        with pytest.raises(AttributeError, match="there is no input `nothing`; there are `sales`"):
            _ = group.nothing
        with pytest.raises(InternalError, match="there is no input 1; there are 1"):
            group.rows(1)
        out.extend({"store": kept.store})

    outcome = Test(picks).run({"region": ["a", "a"], "store": [1, 1], "timestamp": [1, 2], "amount": [1.0, 2.0]})
    assert outcome.rows == [(1,)]
    assert seen == [(("a", 1), [1], ["region", "store", "timestamp", "amount", "x"], [(1,), (1,)])]


def test_a_null_key_is_the_inputs_fault():
    nullable = Input("rows", {"id": int64.nullable}, keys=["id"])
    one = keyed("x", inputs=nullable, output={"id": int64})(lambda context, group, out: None)
    with pytest.raises(InputError, match="key `id` of input `rows` is null"):
        Test(one).run({"id": [None]})


@pytest.mark.parametrize("batch_rows", [1, 100])
def test_whole_intervals(batch_rows):
    @interval("joined", inputs=[Input("facts", {"id": int64, "name": utf8}), Input("factors", {"name": utf8, "factor": float64})], output={"id": int64, "factor": float64.nullable})
    def joined(context, inputs, out):
        factors = dict(inputs.factors.zip())
        for id, name in inputs.facts.zip("id", "name"):
            out.emit(id, factors.get(name))
        assert len(inputs.batches(0)) == 1

    facts, factors = {"id": [1, 2, 3], "name": ["a", "b", "a"]}, {"name": ["a", "a"], "factor": [1.0, 2.0]}
    outcome = Test(joined).batch_rows(batch_rows).run(facts, factors)
    assert outcome.rows == [(1, 2.0), (2, None), (3, 2.0)]
    assert Test(joined).run({"id": [], "name": []}, factors).rows == []


def test_a_run_of_its_own():
    @interval("running", inputs=ROWS, output={"id": int64, "total": float64})
    class Running:
        def __init__(self, context):
            self.end = context.interval.end
            self.total = 0.0

        def push(self, input, batch):
            self.total += batch.amount.sum()

        def finish(self):
            yield {"id": [1], "total": [self.total]}
            yield Output({"id": [2], "total": [float(self.end)]})

    assert Test(Running).batch_rows(3).interval(0, 7).run(given(5)).rows == [(1, 3.5), (2, 7.0)]


def test_parameters_and_context():
    parameters = [
        Parameter("on", boolean, True),
        Parameter("most", int64),
        Parameter("limit", float64, 1),
        Parameter("name", utf8, "né"),
        Parameter("since", timestamp, -1),
        Parameter("length", duration, 90),
    ]
    told = []

    @row("x", input=ROWS, output=BOTH, parameters=parameters)
    def tells(context, batch):
        told.append((context.parameters, context.range(0), context.range(1), context.properties, context.lineage, context.mode))
        assert context.boolean("on") is True and context.float64("limit") == 1.0 and context.utf8("name") == "né"
        with pytest.raises(ParameterError, match="parameter `on` is boolean, not int64"):
            context.int64("on")
        with pytest.raises(ParameterError, match="there is no parameter `off`; there are `on`, `most`"):
            context.int64("off")
        with pytest.raises(InternalError, match="no request"):
            _ = context.request_time
        assert context.interval.start in context.interval and context.interval.end not in context.interval

    outcome = Test(tells).parameters(most=3).interval(5, 9).range(0, 1, 9).host_property("kit", "yes").run(given(1))
    assert outcome.rows == []
    values, first, none, properties, lineage, mode = told[0]
    assert values == {"on": True, "most": 3, "limit": 1.0, "name": "né", "since": -1, "length": 90}
    assert (first.start, first.end, none, properties, lineage, mode) == (1, 9, None, {"kit": "yes"}, True, "materialize")
    with pytest.raises(ParameterError, match="parameter `most` must be given"):
        Test(tells).run(given(1))
    with pytest.raises(ParameterError, match="there is no parameter `least`"):
        Test(tells).parameters(least=3).run(given(1))
    with pytest.raises(TypeError, match="parameter `most` is int64, which 1.5 is not"):
        Test(tells).parameters(most=1.5).run(given(1))


def test_requests_and_streams():
    times = []

    @aligned("x", input=ROWS, output=BOTH)
    def tells(context, batch):
        times.append((context.mode, context.range(0), context.request_time if context.mode == "request" else None))
        with pytest.raises(InternalError, match="no interval"):
            _ = context.interval
        return batch

    Test(tells).request(7).run(given(1))
    Test(tells).streaming().run(given(1))
    assert times == [("request", None, 7), ("streaming", None, None)]


def test_failures_and_logs():
    def fails(context, batch):
        info("about to")
        raise InputError("odd", row=3)

    with pytest.raises(InputError, match=r"odd \(row 3\)"):
        Test(per_batch(fails)).run(given(5))

    def speaks(context, batch):
        info("half a pair: \ud800")

    assert Test(per_batch(speaks)).run(given(1)).logs == [("info", "half a pair: ?")]


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: row("x", input=ROWS, output={})(lambda c, b: b), "the output of `x` has no columns"),
        (lambda: row("x", input=ROWS, output={"a": int})(lambda c, b: b), "no kind of column such as `int64`"),
        (lambda: row("x", input=ROWS, output=BOTH)(lambda b: b), r"it takes \(context, batch\) and returns columns, or"),
        (lambda: row("x", input=ROWS, output=BOTH)(5), "neither a function nor a class"),
        (lambda: row("x", input=ROWS, output=BOTH)(type("X", (), {})), "class X has no method push"),
        (lambda: row(lambda c, b: b), "takes 1 positional argument|missing"),
        (lambda: keyed("x", inputs=ROWS, output=BOTH)(lambda c, g, o: None), "input `rows` of `x` needs keys="),
        (lambda: row("x", input=SALES, output=BOTH)(lambda c, b: b), "`x` is row, so its inputs have no keys"),
        (lambda: Input("x", {"a": int64}, keys=["b"]), "input `x` has no column `b` for its key; it has `a`"),
        (lambda: Input("x", {"a": float64}, keys=["a"]), "`a` is float64; a key is one of boolean, int64"),
        (lambda: interval("x", inputs=[ROWS, ROWS], output=BOTH)(lambda c, i, o: None), "two inputs of one name"),
        (lambda: Parameter("x", utf8.nullable), "utf8 that may be null"),
        (lambda: Parameter("x", int32), "parameter `x` is int32; a parameter is one of"),
        (lambda: Parameter("x", int64, 1 << 63), "beyond 64 bits"),
        (lambda: Parameter("x", boolean, 1), "parameter `x` is boolean, which 1 is not"),
        (
            lambda: keyed("x", inputs=[SALES, Input("b", {"k": int64}, keys="k")], output=BOTH)(lambda c, g, o: None),
            r"the keys of `x` are \['utf8', 'int64'\] in one input and \['int64'\] in another",
        ),
    ],
)
def test_declarations_are_checked(make, message):
    with pytest.raises((TypeError, ValueError), match=message):
        make()


def test_names():
    one = per_batch(lambda context, batch: batch)
    with pytest.raises(InternalError, match="there are two transformations `x`"):
        check_names([one, one])
    with pytest.raises(InternalError, match="there is no transformation `y`; there are `x`, `totals`"):
        find([one, totals], "y")
    assert find([one, totals], "totals") is totals


def test_docs_are_docstrings():
    def said(context, batch):
        """First line.

        More.
        """

    assert per_batch(said).contract.doc == "First line.\n\nMore."
    assert per_batch(said, doc="Other.").contract.doc == "Other."
    assert per_batch(lambda context, batch: batch).contract.doc == ""


def test_what_a_test_is_given_wrongly():
    one = per_batch(lambda context, batch: batch)
    with pytest.raises(InternalError, match="input `rows`: column `amount` is missing; there are `id`"):
        Test(one).run({"id": [1]})
    with pytest.raises(InternalError, match="input `rows`: column `id`: int64 cannot hold 'x'"):
        Test(one).run({"id": ["x"], "amount": [1.0]})
    with pytest.raises(InternalError, match="rows of 2 inputs, there are 1"):
        Test(one).run({}, {})
