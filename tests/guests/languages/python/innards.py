"""Reaches into the SDK, and keeps what it should not."""

import builtins
import gc
import sys

import sandglass_guest

_count = 0


def state():
    global _count
    _count += 1
    return f"number {_count}"


def monkey():
    """Replaces what the SDK and the runtime are made of."""
    builtins.len = lambda _: 1
    builtins.isinstance = lambda *_: True
    builtins.sorted = lambda *_, **__: [1 << 31]
    builtins.set = list
    return "replaced"


def monkey_json():
    import json

    json.dumps = json.loads = lambda *_, **__: "lies"
    return "replaced"


def monkey_encode():
    """Outputs with buffers that are not as long as their rows ask."""
    import sandglass_guest.component as component

    component.encode = lambda *_: ([(1 << 31, 7)] * 3, [b"", b"x"])
    return "replaced"


def monkey_buffers():
    import sandglass_guest.component as component

    component.encode = lambda *_: ([(1, 0)] * 3, [b"", b"\x00\x00\x00\x00\xff\xff\xff\x7f", b"lies", b"", b"\x00" * 8, b"", b"", b"12345678"])
    return "replaced"


def monkey_types():
    """What the bindings cannot turn into the contract's types."""
    import sandglass_guest.component as component

    component.encode = lambda *_: ("no list", [1, None, object()])
    return "replaced"


def monkey_numbers():
    import sandglass_guest.component as component

    component.encode = lambda *_: ([(-1, 1 << 70)], [])
    return "replaced"


def monkey_guard():
    """An exception where the SDK takes none."""
    import sandglass_guest.component as component

    def failure(_):
        raise RuntimeError("not caught")

    component._failure = failure
    raise ValueError("x")


def monkey_guard_exit():
    import sandglass_guest.component as component

    def failure(_):
        sys.exit(3)

    component._failure = failure
    raise ValueError("x")


def monkey_answer():
    """Answers the bindings with something else than an output."""
    import sandglass_guest.component as component

    component._output = lambda *_: 42
    return "replaced"


def monkey_outputs():
    """Outputs without end."""
    import sandglass_guest.component as component

    real = component._output
    made = []

    def again(self):
        if not made:
            checked = self._driver.next()
            made.append(real(self._driver, checked))
        return made[0]

    component.ComponentRun._next = again
    return "replaced"


def monkey_state():
    """Takes back what was done to the world: the real clock, the real files."""
    from sandglass_guest.guest import state as guest_state

    guest_state.running = False
    import datetime
    import os
    import time

    import outside

    return outside.tried(
        ("open", lambda: open("/etc/passwd").read()),
        ("urandom", lambda: os.urandom(4)),
        ("time", time.time),
        ("now", lambda: datetime.datetime.now().isoformat()),
    )


def monkey_replaced():
    """What stood where the SDK put its own."""
    from sandglass_guest.guest import state as guest_state

    import outside

    real = {original.__name__: original for original, _ in guest_state._replaced.values()}
    return outside.tried(
        ("listdir", lambda: real["listdir"]("/")),
    )


def monkey_time():
    from sandglass_guest.guest import state as guest_state

    real = {original.__name__: original for original, _ in guest_state._replaced.values()}
    return repr(real["time"]())


def monkey_log():
    """Logs past the SDK, what no log takes."""
    from wit_world.imports import log as host_log

    host_log.log(host_log.Level.INFO, "half a pair \ud800")
    return "logged"


def monkey_log_type():
    from wit_world.imports import log as host_log

    host_log.log(42, b"bytes")
    return "logged"


def monkey_input():
    """Changes the input's rows."""
    changed = [found for found in gc.get_objects() if isinstance(found, (bytearray, memoryview))]
    return f"{len(changed)} found"


def monkey_gc():
    class Slow:
        def __del__(self):
            while True:
                pass

    found = [Slow()]
    found.append(found)
    del found
    gc.collect()
    return "collected"


def monkey_del():
    class Fails:
        def __del__(self):
            raise ValueError("in __del__")

    Fails()
    return "dropped"


def syntax():
    import ast

    import outside

    return outside.tried(
        ("literal_eval", lambda: ast.literal_eval("1 +")),
        ("eval", lambda: eval("1 +")),
    )


def syntax_file():
    """A whole file that is none: the compiler would show its line, and look for it in a file."""
    import ast

    import outside

    return outside.tried(("parse", lambda: ast.parse("raise raise")), ("exec", lambda: exec("1 +")))


def monkey_hooks():
    sys.settrace(lambda *_: 1 / 0)
    sys.setprofile(lambda *_: 1 / 0)
    sys.excepthook = None
    sys.stdout = sys.stderr = None
    return "hooked"


def monkey_modules():
    for name in list(sys.modules):
        if name.startswith(("sandglass_guest", "wit_world", "componentize")):
            del sys.modules[name]
    vars(sandglass_guest).clear()
    return "cleared"


def monkey_builtins():
    vars(builtins).clear()
    return "cleared"


WORDS = {
    function.__name__: function
    for function in (
        state, monkey, monkey_json, monkey_encode, monkey_buffers, monkey_types, monkey_numbers, monkey_guard, monkey_guard_exit, monkey_answer,
        monkey_outputs, monkey_state, monkey_replaced, monkey_time, monkey_log, monkey_log_type, monkey_input, monkey_gc, monkey_del, monkey_hooks,
        monkey_modules, monkey_builtins, syntax, syntax_file,
    )
}  # fmt: skip
