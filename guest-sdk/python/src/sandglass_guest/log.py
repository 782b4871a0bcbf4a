"""The host's log."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Literal

Level = Literal["debug", "info", "warn", "error"]

#: What messages are handed to; a component puts the host's log here, a test its own list.
_sink: Callable[[Level, str], None] | None = None


def clean(text: object) -> str:
    """Text that is UTF-8: what is not becomes a question mark."""
    return str(text).encode("utf-8", "replace").decode("utf-8")


def log(level: Level, message: object) -> None:
    """Hands a message to the host; natively it goes to stderr."""
    if _sink is None:
        print(f"{level}: {clean(message)}", file=sys.stderr)
    else:
        _sink(level, clean(message))


def debug(message: object) -> None:
    """For whoever writes the transformation."""
    log("debug", message)


def info(message: object) -> None:
    """For whoever runs it."""
    log("info", message)


def warn(message: object) -> None:
    """Something is odd."""
    log("warn", message)


def error(message: object) -> None:
    """Something is wrong."""
    log("error", message)


def redirect(sink: Callable[[Level, str], None] | None) -> Callable[[Level, str], None] | None:
    """Messages go there from now on, none for stderr; answers where they went."""
    global _sink
    before, _sink = _sink, sink
    return before
