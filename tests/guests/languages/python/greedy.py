"""Takes time and memory without end."""

import copy
import functools
import json
import pickle
import re
import sys


def loop():
    while True:
        pass


def regex():
    return str(re.match(r"(a+)+$", "a" * 64 + "b"))


def sort():
    def compared(left, right):
        while True:
            left, right = right, left

    return str(len(sorted(range(2_000_000, 0, -1), key=functools.cmp_to_key(compared))))


def power():
    return str((3**1_000_000_000) % 7)


def memory():
    held = []
    while True:
        held.append(bytes(range(256)) * 4096)


def memory_at_once():
    return str(len(bytearray(3 << 30)))


def memory_caught():
    """Goes on after it was refused memory, and would answer what depends on the limit."""
    held = []
    try:
        while True:
            held.append(bytearray(1 << 20))
    except MemoryError:
        count = len(held)
        held.clear()
        return f"{count} MiB"


def recursion():
    return recursion()


def recursion_caught():
    def depth(n):
        try:
            return depth(n + 1)
        except RecursionError:
            return n

    return str(depth(0))


def recursion_unlimited():
    sys.setrecursionlimit(1 << 30)
    return recursion()


def recursion_native():
    """Nests deeper than C's stack may be, in the parts that C wrote."""
    sys.setrecursionlimit(1 << 30)
    said = []
    for name, dives in {
        "json.loads": lambda: json.loads("[" * 1_000_000),
        "repr": lambda: repr(_nested(1_000_000)),
        "eval": lambda: eval("(" * 100_000 + ")" * 100_000),
        "compile": lambda: compile("-" * 100_000 + "1", "x", "eval"),
        "pickle": lambda: pickle.dumps(_nested(100_000)),
        "copy": lambda: copy.deepcopy(_nested(100_000)),
        "re": lambda: re.compile("(" * 10_000 + ")" * 10_000),
        "equal": lambda: _nested(1_000_000) == _nested(1_000_000),
    }.items():
        try:
            dives()
            said.append(f"{name}: done")
        except Exception as error:
            said.append(f"{name}: {type(error).__name__}: {str(error)[:60]}")
    return "; ".join(said)


def recursion_calls():
    """Python calls that go through C, with no limit."""
    sys.setrecursionlimit(1 << 30)

    class Deep:
        def __getattr__(self, name):
            return getattr(self, name + "x"[:0])

        def __repr__(self):
            return repr(self)

    return repr(Deep())


def _nested(depth):
    value = []
    for _ in range(depth):
        value = [value]
    return value


WORDS = {
    function.__name__: function
    for function in (
        loop, regex, sort, power, memory, memory_at_once, memory_caught, recursion, recursion_caught, recursion_unlimited,
        recursion_native, recursion_calls,
    )
}  # fmt: skip
