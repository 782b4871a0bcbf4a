"""Kernels of the benchmark of languages, with the Python SDK."""

from sandglass_guest import Input, Parameter, aligned, float64, int64, keyed, row, timestamp, utf8

AMOUNTS = {"id": int64, "amount": float64}
LIMIT = Parameter("limit", float64, default=0.5)


@row("filter", input=Input("rows", AMOUNTS), parameters=[LIMIT], output=AMOUNTS)
def filter(context, batch):
    return batch.filter(batch.amount > context.float64("limit"))


@row("filter_plain", input=Input("rows", AMOUNTS), parameters=[LIMIT], output=AMOUNTS)
def filter_plain(context, batch):
    limit = context.float64("limit")
    return batch.take([row for row, amount in enumerate(batch.amount) if amount > limit])


@keyed(
    "per_key",
    inputs=Input("rows", {"key": int64, "time": timestamp, "amount": float64}, keys=["key"]),
    output={"key": int64, "count": int64, "sum": float64, "most": float64},
)
def per_key(context, group, out):
    amounts = group.rows(0).amount
    out.emit(group.key[0], len(amounts), amounts.sum(), amounts.max())


def domain(address):
    _, at, domain = address.rpartition("@")
    if not at:
        return None
    # Of text only the letters of ASCII become lower case by way of bytes.
    return domain.lower() if domain.isascii() else domain.encode().lower().decode()


@aligned(
    "text",
    input=Input("rows", {"address": utf8.nullable}),
    output={"domain": utf8.nullable, "length": int64.nullable},
)
def text(context, batch):
    return {"domain": batch.address.map(domain, utf8.nullable), "length": batch.address.byte_lengths()}


CONSTANTS = [1.0 / (place + 1) for place in range(25)]


def polynomial(x):
    y = 0.0
    for constant in CONSTANTS:
        y = y * x + constant
    return y


@aligned("flops", input=Input("rows", {"x": float64}), output={"y": float64})
def flops(context, batch):
    return {"y": batch.x.map(polynomial, float64)}
