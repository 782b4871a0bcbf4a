"""Says too much, or what cannot be said."""

import logging
import sys
import traceback
import warnings

from sandglass_guest import Failure, InputError, info


def print_():
    while True:
        print("a line of some length")


def print_endless():
    """A line that never ends."""
    while True:
        sys.stdout.write("x")


def print_once():
    print("on stdout")
    print("on stderr", file=sys.stderr)
    return "printed"


def print_partial():
    sys.stdout.write("no end of line on stdout")
    sys.stderr.write("no end of line on stderr")
    logging.getLogger("hostile").warning("by logging")
    warnings.warn("by warnings")
    return "printed"


def print_ways():
    """Ways to standard output besides `print`."""
    sys.__stdout__.write("by __stdout__\n")
    sys.stdout.buffer.write(b"by buffer\xff\n")
    sys.stdout.write("a surrogate \ud800, an escape \x1b[31m and a NUL \0\n")
    try:
        raise ValueError("shown and caught")
    except ValueError:
        traceback.print_exc()
    return "printed"


def log_bad_text():
    info("half a pair \ud800 and a NUL \0")
    return "logged"


def bad_text():
    return "half a pair \ud800"


def bad_text_error():
    raise InputError("half a pair \ud800 \x1b[31m red")


def raises():
    raise ValueError("the author's words")


def raises_of_sdk():
    raise InputError("the author's words", row=0)


def raises_late():
    """Names that are near others, and errors with notes."""
    error = ValueError("with a note")
    error.add_note("the note")
    try:
        raise error
    except ValueError:
        sys.no_such_nam


def bad_text_exception():
    raise ValueError("half a pair \ud800 \x1b[31m red")


def bad_bytes():
    return b"\xff\xfe".decode("utf-8", "surrogateescape")


def wrong_kind():
    class Text(str):
        def encode(self, *_):
            return b"\xff" * 100

        def __len__(self):
            return -1

    return Text("fine")


def huge_message():
    raise ValueError("x" * 100_000_000)


def huge_failure():
    raise InputError("x" * 100_000_000)


def deep_error():
    """Causes without end, and a chain of a hundred thousand."""
    error = ValueError("the first")
    for n in range(100_000):
        cause, error = error, ValueError(f"number {n}")
        error.__cause__ = cause
    raise error


def deep_circle():
    first, second = ValueError("first"), ValueError("second")
    first.__cause__, second.__cause__ = second, first
    raise first


def deep_group():
    error = ValueError("the first")
    for _ in range(10_000):
        error = ExceptionGroup("group", [error])
    raise error


def evil_error():
    """Its words are an error."""

    class Evil(Exception):
        def __str__(self):
            raise ZeroDivisionError("in __str__")

        __repr__ = __str__

    raise Evil


def evil_error_endless():
    class Evil(Exception):
        def __str__(self):
            while True:
                pass

    raise Evil


def evil_failure():
    """A failure of the SDK whose parts are none."""

    class Evil:
        def __str__(self):
            raise ZeroDivisionError("in __str__")

    failure = Failure("x")
    failure.message, failure.kind, failure.row = Evil(), "no such kind", True
    raise failure


def evil_kind():
    failure = InputError("x", row=1 << 40, input=-1)
    failure.kind = "no such kind"
    raise failure


def evil_name():
    """A class of errors whose name and whose base are odd."""
    raise type("x" * 10_000_000, (BaseException,), {})("base")


WORDS = {
    function.__name__.rstrip("_"): function
    for function in (
        print_, print_endless, print_once, print_partial, print_ways, log_bad_text, bad_text, raises, raises_of_sdk, raises_late, bad_text_error, bad_text_exception,
        bad_bytes, wrong_kind, huge_message, huge_failure, deep_error, deep_circle, deep_group, evil_error, evil_error_endless,
        evil_failure, evil_kind, evil_name,
    )
}  # fmt: skip
