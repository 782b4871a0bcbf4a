"""The transformations that the conformance kit drives, in Python."""

from sandglass_guest import (
    Input,
    InputError,
    InternalError,
    Parameter,
    ParameterError,
    aligned,
    binary,
    boolean,
    date32,
    debug,
    decimal128,
    duration,
    error,
    fixed_size_binary,
    fixed_size_list_of,
    float32,
    float64,
    info,
    int8,
    int16,
    int32,
    int64,
    interval,
    keyed,
    list_of,
    map_of,
    row,
    struct_of,
    timestamp,
    uint8,
    uint16,
    uint32,
    uint64,
    utf8,
    warn,
)

KINDS = {
    "id": int64,
    "a_boolean": boolean.nullable,
    "an_int8": int8.nullable,
    "an_int16": int16.nullable,
    "an_int32": int32.nullable,
    "an_int64": int64.nullable,
    "a_uint8": uint8.nullable,
    "a_uint16": uint16.nullable,
    "a_uint32": uint32.nullable,
    "a_uint64": uint64.nullable,
    "a_float32": float32.nullable,
    "a_float64": float64.nullable,
    "a_decimal": decimal128(38, 10).nullable,
    "a_utf8": utf8.nullable,
    "a_binary": binary.nullable,
    "a_fixed": fixed_size_binary(3).nullable,
    "a_date": date32.nullable,
    "a_timestamp": timestamp.nullable,
    "a_duration": duration.nullable,
    "a_list": list_of(int64.nullable).nullable,
    "a_nested": list_of(list_of(utf8.nullable).nullable).nullable,
    "a_fixed_list": fixed_size_list_of(float32.nullable, 2).nullable,
    "a_struct": struct_of(
        {"whole": int64.nullable, "text": utf8.nullable, "inner": struct_of({"flag": boolean.nullable}).nullable}
    ).nullable,
    "a_map": map_of(utf8, list_of(int32.nullable).nullable).nullable,
}

@aligned("pass", doc="Columns as they came.", input=Input("rows", KINDS), output=KINDS)
def pass_on(context, batch):
    return batch


@aligned("rebuild", input=Input("rows", KINDS), output=KINDS)
def rebuild(context, batch):
    columns = {name: kind.column(list(batch[name])) for name, kind in KINDS.items()}
    # As pairs, which also hold keys that come twice.
    columns["a_map"] = KINDS["a_map"].column(batch.a_map.pairs())
    return columns


@row("take", input=Input("rows", KINDS), output=KINDS, parameters=[Parameter("times", int64, 2, "Copies of each row.")])
def take(context, batch):
    times = context.int64("times")
    return batch.take([row for row in range(batch.rows) for _ in range(times)])


FILTERED = {"id": int64, "amount": float64.nullable, "name": utf8.nullable}


@row("filter", input=Input("rows", FILTERED), output=FILTERED, parameters=[Parameter("limit", float64, 0.5)])
def filter(context, batch):
    return batch.filter(batch.amount > context.float64("limit"))


@row("fan_out", input=Input("rows", {"count": int64, "word": utf8}), output={"place": int64, "word": utf8})
def fan_out(context, batch, out):
    for source, (count, word) in enumerate(batch.zip("count", "word")):
        if count < 0:
            out.reject(source, f"{count} copies")
        elif count > 100_000:
            raise InputError(f"{count} copies are too many", row=source)
        for place in range(count):
            out.emit(source, place, word)


@keyed(
    "totals",
    inputs=[
        Input(
            "sales",
            {"region": utf8, "store": int64, "time": timestamp, "amount": float64.nullable},
            keys=["region", "store"],
        ),
        Input("visits", {"area": utf8, "shop": int64, "time": timestamp, "visitors": int32}, keys=["area", "shop"]),
    ],
    output={
        "region": utf8,
        "store": int64,
        "sales": float64.nullable,
        "visitors": int64,
        "first": timestamp.nullable,
    },
)
def totals(context, group, out):
    region, store = group.key
    sales, visitors = group.sales, group.visits.visitors.sum()
    if sales:
        out.emit(region, store, sales.amount.sum(), visitors, sales.time[0])
    else:
        out.emit(region, store, None, visitors, None)


@interval(
    "joined",
    inputs=[Input("facts", {"id": int64, "name": utf8}), Input("factors", {"name": utf8, "factor": float64})],
    output={"id": int64, "factor": float64.nullable},
)
def joined(context, inputs, out):
    factors = dict(inputs.factors.zip("name", "factor"))
    facts = inputs.facts
    out.extend({"id": facts.id, "factor": facts.name.lookup(factors, float64)})


@aligned(
    "parameters",
    input=Input("rows", {"id": int64}),
    parameters=[
        Parameter("a_boolean", boolean, True),
        Parameter("an_int64", int64, doc="Any."),
        Parameter("a_float64", float64, 0.1),
        Parameter("a_utf8", utf8, "né"),
        Parameter("a_timestamp", timestamp, -1),
        Parameter("a_duration", duration, 90_000_000),
    ],
    output={
        "id": int64,
        "a_boolean": boolean,
        "an_int64": int64,
        "a_float64": float64,
        "a_utf8": utf8,
        "a_timestamp": timestamp,
        "a_duration": duration,
    },
)
def parameters(context, batch):
    return batch.with_columns(
        a_boolean=boolean.repeat(context.boolean("a_boolean"), batch.rows),
        an_int64=int64.repeat(context.int64("an_int64"), batch.rows),
        a_float64=float64.repeat(context.float64("a_float64"), batch.rows),
        a_utf8=utf8.repeat(context.utf8("a_utf8"), batch.rows),
        a_timestamp=timestamp.repeat(context.timestamp("a_timestamp"), batch.rows),
        a_duration=duration.repeat(context.duration("a_duration"), batch.rows),
    )


CONTEXT = {
    "id": int64,
    "mode": utf8,
    "start": timestamp.nullable,
    "end": timestamp.nullable,
    "at": timestamp.nullable,
    "range_start": timestamp.nullable,
    "range_end": timestamp.nullable,
    "lineage": boolean,
    "property": utf8.nullable,
}


@aligned("context", input=Input("rows", {"id": int64}), output=CONTEXT)
def tell_context(context, batch):
    is_materialized, range_in = context.mode == "materialize", context.range(0)
    told = {
        "mode": context.mode,
        "start": context.interval.start if is_materialized else None,
        "end": context.interval.end if is_materialized else None,
        "at": context.request_time if context.mode == "request" else None,
        "range_start": range_in and range_in.start,
        "range_end": range_in and range_in.end,
        "lineage": context.lineage,
        "property": context.properties.get("kit"),
    }
    return batch.with_columns(**{name: CONTEXT[name].repeat(value, batch.rows) for name, value in told.items()})


@row(
    "speaks",
    doc="Logs, rejects and fails as its rows say.",
    input=Input("rows", {"word": utf8, "text": utf8}),
    output={"word": utf8},
)
def speaks(context, batch, out):
    log = {"debug": debug, "info": info, "warn": warn, "error": error, "print": print}
    failures = {"input": InputError, "parameter": ParameterError, "internal": InternalError}
    for source, (word, text) in enumerate(batch.zip("word", "text")):
        if word == "reject":
            out.reject(source, text)
            continue
        if word in failures:
            raise failures[word](text, row=source)
        if word == "crash":
            [][source]
        if word in log:
            log[word](text)
        out.emit(source, word)


@interval("empty", inputs=Input("rows", {"id": int64}), output={"id": int64, "text": utf8.nullable})
def empty(context, inputs, out):
    pass
