"""Exceptions as failures, and their tracebacks for the log."""

from __future__ import annotations

import linecache
import os
import re
import sys
import traceback
from collections.abc import Iterator

_SDK = os.path.dirname(os.path.dirname(__file__)) + "/"
_NOT_THE_AUTHORS = (_SDK, "/python/", "/world/", "/bundled/")
_NOT_SHOWN = (_SDK, "/0/sandglass_entry.py", "/python/importlib/", "<frozen ", "<string>")
#: Where the folders of the build's path lie while a component is built.
_MOUNT = re.compile(r"^/\d+/")


#: Errors of a chain, and characters of an error's words, that are shown.
_CHAIN_MAX, _WORDS_MAX = 16, 4_000
#: What was cut off from a chain: to let go of a very long one exhausts the stack.
_rest: list[object] = []


def said(error: BaseException) -> str:
    """Its name and its words."""
    return _cut("".join(_summary(error, lookup_lines=False).format_exception_only()).strip())


def formatted(error: BaseException, *, mounted: bool = False) -> str:
    """Its traceback without the frames of the SDK, files as the author knows them, or where they are mounted."""
    summary = _summary(error)
    for part in _all(summary, set()):
        part.stack[:] = [frame for frame in part.stack if not frame.filename.startswith(_NOT_SHOWN)]
        for frame in part.stack:
            _ = frame.line  # Found by the name it has now.
            if not mounted:
                frame.filename = _MOUNT.sub("", frame.filename)
    return "".join(summary.format()).rstrip()


def _summary(error: BaseException, *, lookup_lines: bool = True) -> traceback.TracebackException:
    each, length = error, 1
    while (cause := each.__cause__ or each.__context__) is not None and length <= _CHAIN_MAX:
        if length == _CHAIN_MAX:
            _rest.append((each.__cause__, each.__context__))
            each.__cause__ = each.__context__ = None
        each, length = cause, length + 1
    summary = traceback.TracebackException.from_exception(error, lookup_lines=lookup_lines)
    for part in _all(summary, set()):
        part._str = _cut(part._str)  # type: ignore[attr-defined]
    return summary


def _cut(text: str) -> str:
    return text if len(text) <= _WORDS_MAX else text[:_WORDS_MAX] + " […]"


def _all(summary: traceback.TracebackException | None, seen: set[int]) -> Iterator[traceback.TracebackException]:
    if summary is None or id(summary) in seen:
        return
    seen.add(id(summary))
    yield summary
    for other in (summary.__cause__, summary.__context__, *(summary.exceptions or ())):
        yield from _all(other, seen)


def keep_sources() -> None:
    """Keeps the lines of the author's modules: when the component runs there are no files to read them from."""
    for module in list(sys.modules.values()):
        name = getattr(module, "__file__", None)
        if isinstance(name, str) and name.endswith(".py") and not name.startswith(_NOT_THE_AUTHORS):
            lines = linecache.getlines(name)
            # Without a time of change nobody looks at the file again.
            linecache.cache[name] = (sum(map(len, lines)), None, lines, name)


def warm_up() -> None:
    """Makes the modules of tracebacks import what they import late."""

    def fails() -> None:
        raise ValueError("x") from KeyError("y")

    try:
        fails()
    except ValueError as error:
        said(error)
        formatted(error)
    try:
        getattr(os, "no_such_name")
    except AttributeError as error:
        formatted(error)
