"""Locks where there is one thread: nobody else will ever release one."""

from __future__ import annotations

import _thread
import gc
import sys
import warnings
from typing import Any

from . import clock, state


def install() -> None:
    """Waiting for a lock takes virtual time, and waiting forever is an error."""
    attributes = gc.get_referents(_thread.LockType.__dict__)[0]
    real, real_enter = attributes["acquire"], attributes["__enter__"]

    def acquire(self: Any, blocking: bool = True, timeout: float = -1) -> bool:
        if not state.running or not blocking:
            return real(self, blocking, timeout)  # type: ignore[no-any-return]
        if real(self, False):
            return True
        if timeout < 0:
            raise RuntimeError("a deadlock: a transformation has one thread, and it waits for a lock that it holds")
        clock.sleep(timeout)
        return False

    def enter(self: Any) -> bool:
        return acquire(self) if state.running else real_enter(self)

    attributes["acquire"] = attributes["acquire_lock"] = acquire
    attributes["__enter__"] = enter
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        sys._clear_type_cache()
