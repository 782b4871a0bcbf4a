"""Whether the host runs the component, or it is being built."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

running = False

#: What stands in for what, by the identity of what was there.
_replaced: dict[int, tuple[Any, Any]] = {}


def replace(module: Any, name: str, stand_in: Any) -> None:
    """Puts something in the place of a module's attribute, in that module and, by `sweep`, wherever it was imported to."""
    original = getattr(module, name)
    _replaced[id(original)] = (original, stand_in)
    setattr(module, name, stand_in)


def sweep() -> None:
    """Replaces what modules imported by name before it was replaced."""
    for module in list(sys.modules.values()):
        names = getattr(module, "__dict__", None)
        if not isinstance(names, dict) or (getattr(module, "__name__", "") or "").startswith("sandglass_guest.guest"):
            continue
        for name, value in list(names.items()):
            original, stand_in = _replaced.get(id(value), (None, None))
            if original is not None and original is value:
                names[name] = stand_in


def while_building(original: Callable[..., Any], otherwise: Callable[..., Any]) -> Callable[..., Any]:
    """The original while the component is built, another function when it runs."""

    def either(*arguments: Any, **named: Any) -> Any:
        return otherwise(*arguments, **named) if running else original(*arguments, **named)

    either.__name__ = either.__qualname__ = getattr(original, "__name__", "either")
    either.__doc__ = getattr(original, "__doc__", None)
    return either
