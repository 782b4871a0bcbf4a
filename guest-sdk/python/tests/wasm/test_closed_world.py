"""Nothing that an author reaches ends a run without a word, or gets out.

Needs componentize-py and wasmtime from PyPI; it builds a component, which takes half a minute.
"""

import importlib.util
from pathlib import Path

import pytest

pytest.importorskip("wasmtime")
if importlib.util.find_spec("componentize_py") is None:
    pytest.skip("there is no componentize-py", allow_module_level=True)

from host import Host, Trapped  # noqa: E402

from sandglass_guest.build import build, sources  # noqa: E402

HERE = Path(__file__).parent
YEAR_US = 365 * 86_400_000_000


@pytest.fixture(scope="session")
def host(tmp_path_factory):
    output = tmp_path_factory.mktemp("component") / "world.wasm"
    build(sources(HERE / "world"), HERE.parents[1] / "wit", output, None)
    return Host(output)


def ask(instance, what):
    answer = instance.texts(instance.open("asks", YEAR_US + 1), [what])
    assert isinstance(answer, list), vars(answer)
    return answer[1][0]


NO_FILES = "PermissionError: [Errno 63] {}: a transformation has no files"
ANSWERS = {
    "time": "[31536000.000001, 31536000000001000, 31536000.000001, (1971, 1, 1, 0, 0, 0), 0]",
    "clocks": "[True, True, True]",
    "texts of times": "['1971-01-01', 'Fri Jan  1 00:00:00 1971', 'Fri Jan  1 00:00:00 1971', 'sandglass']",
    "now": "['1971-01-01 00:00:00.000001', '1971-01-01 00:00:00.000001+00:00', '1971-01-01']",
    "now elsewhere": "'1971-01-01 02:00:00.000001+02:00'",
    "utcnow": "'1971-01-01 00:00:00.000001'",
    "today": "'1971-01-01 00:00:00.000001'",
    "strptime": "'2024-02-29 00:00:00'",
    "sleep": "[5400, 5400]",
    "wait": "False",
    "wait for an event": "False",
    "open": NO_FILES.format("open"),
    "io.open": NO_FILES.format("open"),
    "open by number": NO_FILES.format("open"),
    "FileIO": NO_FILES.format("FileIO"),
    "pathlib": NO_FILES.format("open"),
    "exists": "False",
    "listdir": NO_FILES.format("os.listdir"),
    "os.open": NO_FILES.format("os.open"),
    "os.write": NO_FILES.format("os.write"),
    "tempfile": "FileNotFoundError: ",
    "environ": "[None, '/', []]",
    "set environ": "'b'",
    "table": "'a table'",
    "socket": "PermissionError: [Errno 63] socket.socket: a transformation has no network",
    "getaddrinfo": "PermissionError: [Errno 63] socket.getaddrinfo: a transformation has no network",
    "urlopen": "URLError: <urlopen error [Errno 63] socket.getaddrinfo: a transformation has no network>",
    "asyncio": "PermissionError: [Errno 63] select.poll: a transformation has nothing to wait for",
    "thread": "RuntimeError: can't start new thread",
    "lock": "True",
    "lock held": "RuntimeError: a deadlock: ",
    "lock held, with": "RuntimeError: a deadlock: ",
    "lock held for a time": "False",
    "queue": "Empty: ",
    "syntax": "SyntaxError: invalid syntax",
    "syntax of a module": "SyntaxError: invalid syntax",
    "literal": "SyntaxError: '[' was never closed",
    "sqlite": NO_FILES.format("sqlite3.connect"),
    "zone": "ZoneInfoNotFoundError: ",
    "input": "EOFError: ",
    "stdin": "''",
    "breakpoint": "None",
    "late import": "['csv', 'ChainMap', 'json.decoder']",
    "late import of a helper": "[2, \"'a b'\"]",
    "unknown import": "ModuleNotFoundError: No module named 'no_such_module' was built in: import it at the top",
    "import not built in": "ModuleNotFoundError: No module named 'wave' was built in",
    "submodule not built in": "ModuleNotFoundError: No module named 'json.tool' was built in",
    "encodings": "UnicodeEncodeError: 'ascii' codec",
    "decimal": "'0.3333333333333333333333333333'",
    "os._exit": NO_FILES.format("os._exit"),
    "os.abort": NO_FILES.format("os.abort"),
    "cpu_count": "1",
}


def test_what_the_system_is_asked_for(host):
    # One instance for all: what one probe leaves behind must not trap another.
    instance = host.instance()
    said = {what: ask(instance, what) for what in ANSWERS}
    assert {what: answer for what, answer in said.items() if not answer.startswith(ANSWERS[what])} == {}


@pytest.mark.parametrize("what", ["random", "urandom", "uuid1"])
def test_randomness_is_the_same_in_every_run(host, what):
    instance = host.instance()
    first = ask(instance, what)
    assert ask(host.instance(), what) == first
    if what != "random":  # An author's own generator goes on where it was.
        assert ask(instance, what) == first


def test_what_is_printed_is_logged(host):
    instance = host.instance()
    ask(instance, "shout")
    infos = [message for level, message in instance.logs if level == "info"]
    assert infos == ["bytes �", "é-?", "", "WARNING logged", "no newline"]
    warnings = [message for level, message in instance.logs if level == "warn"]
    assert warnings[0].startswith("half a line") and "UserWarning: warned" in warnings[0]
    assert any("in shouts" in message for message in warnings)


FAILURES = {
    "exit": ("internal", "SystemExit: leaves", None),
    "interrupt": ("internal", "KeyboardInterrupt", None),
    "generator": ("internal", "GeneratorExit", None),
    "recursion": ("internal", "RecursionError: maximum recursion depth exceeded", None),
    "odd": ("internal", "world.Odd: <exception str() failed>", None),
    "surrogate": ("internal", "ValueError: ?", None),
    "chained": ("internal", "ValueError: chained", None),
    "in a helper": ("internal", "IndexError: list index out of range", None),
    "input": ("input", "half ?", None),
    "parameter": ("parameter", "bad", 0),
    "stop": ("internal", "StopIteration", None),
    "memory": ("internal", "MemoryError", None),
    "group": ("internal", "ExceptionGroup: several (2 sub-exceptions)", None),
    "no print": ("internal", "ValueError: silent", None),
}


@pytest.mark.parametrize("what", FAILURES)
def test_what_ends_a_run(host, what):
    instance = host.instance()
    failure = instance.texts(instance.open("ends", 0), [what])
    assert (failure.kind, failure.message, failure.row) == FAILURES[what]
    logs = [message for level, message in instance.logs if level == "error"]
    if failure.kind == "internal":
        assert 'File "world.py", line ' in logs[0] and "ENDS[what]()" in logs[0]
        assert "sandglass_guest" not in logs[0]
    else:
        assert logs == []
    # The instance lives on.
    assert ask(instance, "decimal")


def test_tracebacks_have_files_lines_and_causes(host):
    instance = host.instance()
    instance.texts(instance.open("ends", 0), ["in a helper"])
    assert 'File "helper.py", line 11, in fails\n    return numbers[7]' in instance.logs[0][1]
    instance.texts(instance.open("ends", 0), ["chained"])
    assert "KeyError: 'key'\n\nThe above exception was the direct cause" in instance.logs[1][1]


def test_endless_recursion_without_a_limit_traps(host):
    instance = host.instance()
    with pytest.raises(Trapped, match="call stack exhausted"):
        instance.texts(instance.open("ends", 0), ["deep"])


def test_an_unknown_transformation_is_named(host):
    failure = host.instance().open("nothing", 0)
    assert failure.message == "there is no transformation `nothing`; there are `asks`, `ends`"
