"""Modules that are imported late: what is not imported while a component is built is not in it."""

from __future__ import annotations

import ast
import contextlib
import importlib
import importlib.util
import os
import sys
from collections.abc import Iterator

#: What the standard library itself imports when it is first asked for something.
_STANDARD = (
    "_strptime", "encodings.ascii", "encodings.base64_codec", "encodings.charmap", "encodings.cp1252", "encodings.hex_codec",
    "encodings.idna", "encodings.iso8859_1", "encodings.iso8859_15", "encodings.latin_1", "encodings.punycode",
    "encodings.raw_unicode_escape", "encodings.rot_13", "encodings.unicode_escape", "encodings.utf_16", "encodings.utf_16_be",
    "encodings.utf_16_le", "encodings.utf_32", "encodings.utf_32_be", "encodings.utf_32_le", "encodings.utf_8_sig", "locale",
    "stringprep", "tokenize", "unicodedata", "warnings",
)  # fmt: skip


def import_standard() -> None:
    """Imports what the standard library would import late."""
    for name in _STANDARD:
        importlib.import_module(name)


#: What a module of the standard library imports late, if the author has it.
_FOLLOW = {"zoneinfo": "importlib.resources"}


def import_late(module: str) -> None:
    """Imports what functions of the author's modules import when they are called."""
    top = sys.modules[module.partition(".")[0]]
    origin = getattr(top, "__file__", None)
    if origin is None:
        return
    root = os.path.dirname(os.path.dirname(origin) if hasattr(top, "__path__") else origin) + "/"
    seen: set[str] = set()
    while new := [name for name in list(sys.modules) if name not in seen and _file(name).startswith(root)]:
        for name in new:
            seen.add(name)
            for late in _imported(name):
                # What is not there is the author's to handle, as natively.
                with contextlib.suppress(Exception):
                    importlib.import_module(late)
    for name, late in _FOLLOW.items():
        if name in sys.modules:
            importlib.import_module(late)


def _file(name: str) -> str:
    return getattr(sys.modules.get(name), "__file__", None) or ""


def _imported(name: str) -> Iterator[str]:
    module = sys.modules[name]
    package = name if hasattr(module, "__path__") else name.rpartition(".")[0]
    with open(_file(name), encoding="utf-8") as file:
        tree = ast.parse(file.read())
    for node in ast.walk(tree):
        match node:
            case ast.Import(names=names):
                yield from (alias.name for alias in names)
            case ast.ImportFrom(module=source, names=names, level=level):
                origin = importlib.util.resolve_name("." * level + (source or ""), package) if level else source or ""
                yield origin
                yield from (f"{origin}.{alias.name}" for alias in names if alias.name != "*")
