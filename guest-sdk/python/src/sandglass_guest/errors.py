"""What ends a run, and whose fault it is."""

from __future__ import annotations


class Failure(Exception):
    """Ends the run. Raise one of `InputError`, `ParameterError` and `InternalError`.

    Any other exception ends the run, too: as a failure of the transformation itself, its traceback in the log.
    """

    kind = "internal"

    def __init__(self, message: object, *, row: int | None = None, input: int | None = None) -> None:
        """`row` is a row of the batch at hand, `input` the number of an input."""
        super().__init__(str(message))
        self.message = str(message)
        self.row = row
        self.input = input

    def __str__(self) -> str:
        places = [f"{name} {place}" for name, place in (("input", self.input), ("row", self.row)) if place is not None]
        return f"{self.message} ({', '.join(places)})" if places else self.message


class InputError(Failure):
    """The rows are to blame."""

    kind = "input"


class ParameterError(Failure):
    """A parameter is to blame."""

    kind = "parameter"


class InternalError(Failure):
    """The transformation is to blame."""


class UnknownColumn(InternalError, AttributeError):
    """There is no column of that name."""


def quoted(names: object) -> str:
    """Names as messages have them: `a`, `b`."""
    return ", ".join(f"`{name}`" for name in names) or "none"  # type: ignore[attr-defined]
