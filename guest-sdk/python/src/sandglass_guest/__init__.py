"""Write Sandglass transformations in Python.

A transformation is a function from rows to rows. A decorator declares its columns; Sandglass builds the module that holds it to
a WebAssembly component and feeds it rows::

    from sandglass_guest import Input, Parameter, float64, int64, row

    @row(
        "dear",
        input=Input("purchases", {"customer_id": int64, "amount": float64.nullable}),
        parameters=[Parameter("limit", float64, default=100.0, doc="Dollars.")],
        output={"customer_id": int64, "amount": float64},
    )
    def dear(context, batch):
        "Purchases above a limit."
        return batch.filter(batch.amount > context.float64("limit"))

Scopes are `aligned`, `row`, `keyed` and `interval`. Columns are read in bulk (`Column`) or value by value, and
`sandglass_guest.testing.Test` runs a transformation in a unit test. `docs/languages/python.md` of Sandglass is the guide.
"""

from . import builders as builders  # What `Kind.column` imports when it is called must be built in.
from . import testing
from .batch import Batch
from .boolean import BooleanColumn
from .column import Column
from .context import Context, Interval
from .contract import Input, Parameter
from .errors import Failure, InputError, InternalError, ParameterError, UnknownColumn
from .fixed import FixedColumn
from .group import Group, Inputs
from .kinds import (
    Kind,
    binary,
    boolean,
    date32,
    decimal128,
    duration,
    fixed_size_binary,
    fixed_size_list_of,
    float32,
    float64,
    int8,
    int16,
    int32,
    int64,
    list_of,
    map_of,
    struct_of,
    timestamp,
    uint8,
    uint16,
    uint32,
    uint64,
    utf8,
)
from .log import debug, error, info, warn
from .nested import ListColumn, MapColumn, StructColumn
from .output import Output
from .rows import Emitter, Rows
from .run import Run
from .text import BytesColumn
from .times import (
    from_date,
    from_datetime,
    from_timedelta,
    to_date,
    to_datetime,
    to_timedelta,
)
from .transformation import Transformation, aligned, interval, keyed, row
from .wide import DecimalColumn

__all__ = [
    "Batch", "BooleanColumn", "BytesColumn", "Column", "Context", "DecimalColumn", "Emitter", "Failure", "FixedColumn", "Group",
    "Input", "InputError", "Inputs", "InternalError", "Interval", "Kind", "ListColumn", "MapColumn", "Output", "Parameter",
    "ParameterError", "Rows", "Run", "StructColumn", "Transformation", "UnknownColumn", "aligned", "binary", "boolean", "date32",
    "debug", "decimal128", "duration", "error", "fixed_size_binary", "fixed_size_list_of", "float32", "float64", "from_date",
    "from_datetime", "from_timedelta", "info", "int16", "int32", "int64", "int8", "interval", "keyed", "list_of", "map_of", "row",
    "struct_of", "testing", "timestamp", "to_date", "to_datetime", "to_timedelta", "uint16", "uint32", "uint64", "uint8", "utf8",
    "warn",
]  # fmt: skip
