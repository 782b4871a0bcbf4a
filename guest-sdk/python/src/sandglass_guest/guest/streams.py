"""What is printed goes to the host's log, a message for each line."""

from __future__ import annotations

import io
import sys
from typing import Any, TextIO

from .. import log
from . import state

#: A longer line becomes several messages.
_LINE_MAX = 16_384
#: The build has a pipe of 10,000 bytes, which must hold an error, too; writing beyond it breaks the build.
_BUILDING_MAX = 2_000


class LogStream(io.TextIOBase):
    """Text for the log; while the component is built, for the build's own output."""

    encoding = "utf-8"
    errors = "replace"

    def __init__(self, level: log.Level, building: TextIO) -> None:
        self._level = level
        self._building = building
        self._line = ""
        self._left = _BUILDING_MAX
        self.buffer = _Bytes(self)

    def writable(self) -> bool:
        return True

    def write(self, text: str) -> int:
        if not isinstance(text, str):
            raise TypeError(f"write() argument must be str, not {type(text).__name__}")
        if not state.running:
            shown = text[: self._left]
            self._left -= len(shown)
            self._building.write(shown)
            return len(text)
        *lines, self._line = (self._line + text).split("\n")
        for line in lines:
            self._log(line)
        if len(self._line) > _LINE_MAX:
            self.end_line()
        return len(text)

    def end_line(self) -> None:
        """Hands over a line that has begun."""
        if self._line:
            line, self._line = self._line, ""
            self._log(line)

    def _log(self, line: str) -> None:
        for start in range(0, max(len(line), 1), _LINE_MAX):
            log.log(self._level, line[start : start + _LINE_MAX])

    def flush(self) -> None:
        if not state.running:
            self._building.flush()

    def close(self) -> None:
        """It stays open: others write to it."""


class _Bytes(io.RawIOBase):
    def __init__(self, text: LogStream) -> None:
        self._text = text

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        self._text.write(bytes(data).decode("utf-8", "replace"))
        return len(data)


def install() -> None:
    """Puts the log in the place of standard output and standard error."""
    sys.stdout = sys.__stdout__ = LogStream("info", sys.stdout)  # type: ignore[assignment, misc]
    sys.stderr = sys.__stderr__ = LogStream("warn", sys.stderr)  # type: ignore[assignment, misc]


def end_lines() -> None:
    """Hands over lines that have begun."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, LogStream):
            stream.end_line()
