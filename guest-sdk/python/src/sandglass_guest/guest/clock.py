"""Virtual time: the wall clock stands at the run's time, sleeping moves it at once."""

from __future__ import annotations

import datetime
import gc
import sys
import time
import warnings
from types import SimpleNamespace
from typing import Any

from . import state

_EPOCH = datetime.datetime(1970, 1, 1)
_wall_ns = 0
_monotonic_ns = 0


def set_clock(micros: int) -> None:
    """What the wall clock says from now on, in microseconds since 1970; the monotonic clock starts anew."""
    global _wall_ns, _monotonic_ns
    _wall_ns, _monotonic_ns = micros * 1000, 0


def _wall() -> int:
    return _wall_ns


def _monotonic() -> int:
    # It moves with every reading, so that what waits for it to move ends.
    global _monotonic_ns
    _monotonic_ns += 1000
    return _monotonic_ns


def sleep(seconds: float) -> None:
    """Moves both clocks."""
    global _wall_ns, _monotonic_ns
    if seconds < 0:
        raise ValueError("sleep length must be non-negative")
    length = int(seconds * 1e9)
    _wall_ns += length
    _monotonic_ns += length


def _seconds_or_now(seconds: float | None = None) -> float:
    return _wall_ns / 1e9 if seconds is None else seconds


def _gettime_ns(clock: int) -> int:
    return _wall() if clock == getattr(time, "CLOCK_REALTIME", 0) else _monotonic()


def _info(name: str) -> SimpleNamespace:
    wall = name == "time"
    return SimpleNamespace(adjustable=wall, implementation="sandglass", monotonic=not wall, resolution=1e-6)


def install() -> None:
    """Puts virtual time in the place of the system's, for the component's runs."""
    original = {name: getattr(time, name) for name in dir(time)}

    def now_or(name: str) -> Any:
        convert = original[name]
        return lambda seconds=None: convert(_seconds_or_now(seconds))

    def formatted(layout: str, moment: Any = None) -> str:
        text: str = original["strftime"](layout, original["gmtime"](_seconds_or_now()) if moment is None else moment)
        return text

    def as_text(moment: Any = None) -> str:
        text: str = original["asctime"](original["gmtime"](_seconds_or_now()) if moment is None else moment)
        return text

    stand_ins = {
        "time": lambda: _wall() / 1e9,
        "time_ns": _wall,
        "sleep": sleep,
        "localtime": now_or("localtime"),
        "gmtime": now_or("gmtime"),
        "ctime": now_or("ctime"),
        "strftime": formatted,
        "asctime": as_text,
        "clock_gettime": lambda clock: _gettime_ns(clock) / 1e9,
        "clock_gettime_ns": _gettime_ns,
        "clock_getres": lambda clock: 1e-6,
        "get_clock_info": _info,
    }
    for name in ("monotonic", "perf_counter", "process_time", "thread_time"):
        stand_ins[name] = lambda: _monotonic() / 1e9
        stand_ins[name + "_ns"] = _monotonic
    for name, stand_in in stand_ins.items():
        if name in original:
            state.replace(time, name, state.while_building(original[name], stand_in))
    _install_datetime()


def _install_datetime() -> None:
    """`datetime.now` is a method of a type that cannot be changed by assignment; its dictionary can."""
    attributes = gc.get_referents(datetime.datetime.__dict__)[0]
    real_now, real_utcnow = attributes["now"], attributes["utcnow"]

    def now(cls: type[datetime.datetime], tz: datetime.tzinfo | None = None) -> datetime.datetime:
        if not state.running:
            return real_now.__get__(None, cls)(tz)  # type: ignore[no-any-return]
        if tz is not None and not isinstance(tz, datetime.tzinfo):
            raise TypeError(f"tzinfo argument must be None or of a tzinfo subclass, not type {type(tz).__name__!r}")
        moment = cls(1970, 1, 1) + datetime.timedelta(microseconds=_wall_ns // 1000)
        return moment if tz is None else tz.fromutc(moment.replace(tzinfo=tz))

    def utcnow(cls: type[datetime.datetime]) -> datetime.datetime:
        return now(cls) if state.running else real_utcnow.__get__(None, cls)()

    attributes["now"], attributes["utcnow"] = classmethod(now), classmethod(utcnow)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        sys._clear_type_cache()
