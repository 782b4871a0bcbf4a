"""Files, sockets, processes and randomness: refused with an exception, or answered from a fixed seed."""

from __future__ import annotations

import _io
import _socket
import builtins
import errno
import importlib.machinery
import io
import os
import posix
import random
import select
import signal
import sys
from collections.abc import Sequence
from types import BuiltinFunctionType, ModuleType
from typing import Any

from . import state

#: What of `posix` reckons with its arguments alone.
_HARMLESS = {
    "cpu_count", "device_encoding", "fspath", "getcwd", "getcwdb", "getpid", "get_inheritable", "process_cpu_count", "putenv",
    "getrandom", "register_at_fork", "strerror", "unsetenv", "urandom", "waitstatus_to_exitcode",
}  # fmt: skip
_HARMLESS_STARTS = ("W", "_path_", "_fcopy", "_supports", "_create_environ", "_have_functions", "_is_inputhook")
_HARMLESS_SOCKET = ("inet_", "hton", "ntoh", "CMSG", "getdefaulttimeout", "setdefaulttimeout")

_SEED = 0
_random_bytes = random.Random(_SEED)


def reseed() -> None:
    """Random numbers start over: every run sees the same."""
    random.seed(_SEED)
    _random_bytes.seed(_SEED)


def install() -> None:
    """Puts refusals in the place of what would end a run without a word."""
    _refuse_all(posix, "no files, processes or other system calls", _is_system_call)
    for name in ("urandom", "getrandom"):
        if hasattr(posix, name):
            state.replace(posix, name, state.while_building(getattr(posix, name), _randbytes))
    files = "no files: read them when the module is imported, which is while it is built"
    for name in ("open", "open_code"):
        _refuse(_io, name, files)
    builtins.open = io.open = _io.open
    _install_file_io(files)
    _refuse_all(_socket, "no network", lambda name: not name.startswith(_HARMLESS_SOCKET))
    _refuse_all(select, "nothing to wait for", lambda name: True)
    _refuse(signal, "raise_signal", "no signals")
    _install_random()
    sys.addaudithook(_audit)


def _audit(event: str, arguments: tuple[Any, ...]) -> None:
    """Stops what opens files behind Python's back, such as a SyntaxError, which looks for the line."""
    if state.running and event in ("open", "sqlite3.connect"):
        raise PermissionError(errno.EPERM, f"{event}: a transformation has no files")


def install_late() -> None:
    """What can only be replaced when the author's modules have been imported."""
    refuse = _refusal("socket.socket", "no network")
    socket = sys.modules.get("socket")
    if socket is not None:
        real = socket.socket.__init__
        socket.socket.__init__ = lambda self, *given, **named: (refuse if state.running else real)(self, *given, **named)


def enter() -> None:
    """From here on the host runs the component."""
    state.running = True
    sys.meta_path[:] = [importlib.machinery.BuiltinImporter, importlib.machinery.FrozenImporter, _NoImport()]
    sys.stdin = io.StringIO("")


class _NoImport:
    """Says why a module that was not built in cannot be had."""

    def find_spec(self, name: str, path: Sequence[str] | None = None, target: ModuleType | None = None) -> None:
        if path is not None and "." in name and name.rpartition(".")[0] in sys.modules:
            # `from package import name` asks for a module first.
            top = name.partition(".")[0]
            raise ModuleNotFoundError(f"No module named {name!r} was built in: import it where {top!r} is imported", name=name)
        raise ModuleNotFoundError(
            f"No module named {name!r} was built in: import it at the top of the module, and put what is not of the "
            "standard library into `vendor`",
            name=name,
        )

    def invalidate_caches(self) -> None:
        pass


def _is_system_call(name: str) -> bool:
    return name not in _HARMLESS and not name.startswith(_HARMLESS_STARTS)


def _refusal(name: str, why: str) -> Any:
    def refuse(*_: Any, **__: Any) -> Any:
        raise PermissionError(errno.EPERM, f"{name}: a transformation has {why}")

    return refuse


def _refuse(module: Any, name: str, why: str) -> None:
    said = f"{module.__name__.lstrip('_').replace('posix', 'os')}.{name}"
    said = "open" if said == "io.open" else said
    state.replace(module, name, state.while_building(getattr(module, name), _refusal(said, why)))


def _refuse_all(module: Any, why: str, wanted: Any) -> None:
    for name in dir(module):
        if isinstance(getattr(module, name), BuiltinFunctionType) and wanted(name):
            _refuse(module, name, why)


def _install_file_io(why: str) -> None:
    refuse = _refusal("FileIO", why)

    class FileIO(_io.FileIO):
        def __init__(self, *given: Any, **named: Any) -> None:
            if state.running:
                refuse()
            super().__init__(*given, **named)

    state.replace(_io, "FileIO", FileIO)
    io.FileIO = FileIO  # type: ignore[misc]


def _randbytes(size: int, flags: int = 0) -> bytes:
    if size < 0:
        raise ValueError("negative argument not allowed")
    return _random_bytes.randbytes(size)


def _install_random() -> None:
    real = random.Random.seed

    def seed(self: random.Random, a: Any = None, version: int = 2) -> None:
        if a is None and state.running:
            a = _random_bytes.getrandbits(64)
        real(self, a, version)

    random.Random.seed = seed  # type: ignore[method-assign]
    state.replace(random, "seed", random._inst.seed)
    random.seed(_SEED)
