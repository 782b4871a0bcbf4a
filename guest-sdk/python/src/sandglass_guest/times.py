"""Between microseconds since 1970 in UTC, which are exact, and Python's dates and times."""

from __future__ import annotations

import datetime

UTC = datetime.timezone.utc
DAY_US = 86_400_000_000
_EPOCH = datetime.datetime(1970, 1, 1, tzinfo=UTC)
_EPOCH_DAY = datetime.date(1970, 1, 1).toordinal()
_MICROSECOND = datetime.timedelta(microseconds=1)


def to_datetime(micros: int) -> datetime.datetime:
    """The time, in UTC. An `OverflowError` outside of the years 1 to 9999."""
    return _EPOCH + datetime.timedelta(microseconds=micros)


def from_datetime(time: datetime.datetime) -> int:
    """Microseconds since 1970 of a time with a zone."""
    if time.tzinfo is None:
        raise ValueError(f"{time} has no zone: make it with tzinfo=datetime.timezone.utc")
    return (time - _EPOCH) // _MICROSECOND


def to_date(days: int) -> datetime.date:
    """The day that is so many days after 1970-01-01."""
    return datetime.date.fromordinal(days + _EPOCH_DAY)


def from_date(day: datetime.date) -> int:
    """Days since 1970-01-01."""
    return day.toordinal() - _EPOCH_DAY


def to_timedelta(micros: int) -> datetime.timedelta:
    """The length of time."""
    return datetime.timedelta(microseconds=micros)


def from_timedelta(length: datetime.timedelta) -> int:
    """Microseconds of a length of time."""
    return length // _MICROSECOND


def plain(kind: str, value: object) -> object:
    """A date, time or length of time as the kind's whole number; anything else as it is."""
    if kind == "timestamp" and isinstance(value, datetime.datetime):
        return from_datetime(value)
    if kind == "date32" and isinstance(value, datetime.date) and not isinstance(value, datetime.datetime):
        return from_date(value)
    if kind == "duration" and isinstance(value, datetime.timedelta):
        return from_timedelta(value)
    return value
