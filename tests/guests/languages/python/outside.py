"""Looks for a world outside of its own."""

import os
import sys


def tried(*attempts):
    """What each attempt gave, or what it raised."""
    said = []
    for name, attempt in attempts:
        try:
            said.append(f"{name}: {attempt()!r}")
        except Exception as error:
            said.append(f"{name}: {type(error).__name__}: {error}")
    return "\n".join(said)


def threads():
    import asyncio
    import concurrent.futures
    import multiprocessing
    import threading

    async def answer():
        await asyncio.sleep(3600)
        return 42

    def start():
        thread = threading.Thread(target=print)
        thread.start()
        thread.join()

    def pool():
        with concurrent.futures.ThreadPoolExecutor() as executor:
            return list(executor.map(len, ["a", "bc"]))

    return tried(
        ("Thread", start),
        ("Timer", lambda: threading.Timer(1, print).start()),
        ("ThreadPoolExecutor", pool),
        ("Process", lambda: multiprocessing.Process(target=print).start()),
        ("asyncio.run", lambda: asyncio.run(answer())),
        ("fork", lambda: os.fork()),
    )


def deadlock():
    import threading

    lock = threading.Lock()
    lock.acquire()
    lock.acquire()


def deadlock_timeout():
    import queue
    import threading

    lock = threading.Lock()
    lock.acquire()
    return tried(
        ("lock", lambda: lock.acquire(timeout=3600)),
        ("event", lambda: threading.Event().wait(3600)),
        ("queue", lambda: queue.Queue().get(timeout=3600)),
        ("condition", lambda: _condition(threading)),
    )


def _condition(threading):
    with threading.Condition() as condition:
        return condition.wait(3600)


def deadlock_queue():
    import queue

    return queue.Queue().get()


def sleep():
    import time

    time.sleep(86_400)
    return "slept"


def clock():
    import datetime
    import email.utils
    import logging
    import time

    before = time.time(), time.monotonic(), time.perf_counter()
    time.sleep(3600)
    after = time.time(), time.monotonic(), time.perf_counter()
    record = logging.LogRecord("x", 1, "x", 1, "x", (), None)
    return tried(
        ("before", lambda: before),
        ("changed", lambda: [round(b - a, 3) for a, b in zip(before, after)]),
        ("datetime.now", lambda: datetime.datetime.now().isoformat()),
        ("datetime.now(utc)", lambda: datetime.datetime.now(datetime.timezone.utc).isoformat()),
        ("datetime.today", lambda: datetime.datetime.today().isoformat()),
        ("astimezone", lambda: datetime.datetime(2024, 1, 1).astimezone().isoformat()),
        ("fromtimestamp", lambda: datetime.datetime.fromtimestamp(1).isoformat()),
        ("localtime", lambda: tuple(time.localtime())),
        ("ctime", time.ctime),
        ("strftime", lambda: time.strftime("%c %Z")),
        ("timezone", lambda: (time.timezone, time.tzname, time.daylight)),
        ("clock_gettime", lambda: time.clock_gettime(0)),
        ("process_time", time.process_time),
        ("get_clock_info", lambda: time.get_clock_info("monotonic")),
        ("email.utils", email.utils.formatdate),
        ("logging", lambda: record.created),
    )


def clock_today():
    """`date.today` asks C, not the module `time`."""
    import datetime

    return datetime.date.today().isoformat()


def random():
    import random
    import secrets
    import tempfile
    import uuid

    return tried(
        ("random", random.random),
        ("Random()", lambda: random.Random().random()),
        ("SystemRandom", lambda: random.SystemRandom().random()),
        ("urandom", lambda: os.urandom(4)),
        ("getrandom", lambda: os.getrandom(4)),
        ("secrets", lambda: secrets.token_hex(4)),
        ("uuid4", uuid.uuid4),
        ("shuffle", lambda: random.sample(range(10), 5)),
        ("tempfile", lambda: next(tempfile._get_candidate_names())),
    )


def random_uuid1():
    import uuid

    return str(uuid.uuid1())


def random_native():
    """The generator beneath `random`, which seeds itself."""
    import _random

    return repr(_random.Random().random())


def hash_order():
    """What depends on addresses and on the seed of hashes."""
    return tried(
        ("hash", lambda: (hash("x"), hash(b"y"), hash(1.5), hash(None))),
        ("set", lambda: list({str(n) for n in range(12)})),
        ("id", lambda: (id(object()), id(None), id([]))),
        ("repr", lambda: repr(object())),
        ("objects", lambda: list({object() for _ in range(3)})),
    )


def file():
    import io
    import pathlib
    import shutil
    import sqlite3
    import tempfile

    return tried(
        ("open", lambda: open("/etc/passwd").read()),
        ("write", lambda: open("written.txt", "w").write("x")),
        ("io.open", lambda: io.open("/etc/passwd", "rb").read()),
        ("FileIO", lambda: io.FileIO("/etc/passwd").read()),
        ("descriptor", lambda: open(0).read()),
        ("os.open", lambda: os.open("/etc/passwd", os.O_RDONLY)),
        ("os.read", lambda: os.read(0, 10)),
        ("os.write", lambda: os.write(1, b"x")),
        ("pathlib", lambda: pathlib.Path("/etc/passwd").read_text()),
        ("exists", lambda: os.path.exists("/etc/passwd")),
        ("listdir", lambda: os.listdir("/")),
        ("scandir", lambda: list(os.scandir("."))),
        ("walk", lambda: list(os.walk("/"))),
        ("glob", lambda: list(pathlib.Path("/").glob("*"))),
        ("mkdir", lambda: os.mkdir("x")),
        ("copy", lambda: shutil.copy("/etc/passwd", "x")),
        ("tempfile", lambda: tempfile.TemporaryFile()),
        ("named", lambda: tempfile.NamedTemporaryFile()),
        ("sqlite", lambda: sqlite3.connect(":memory:")),
        ("stdin", lambda: sys.stdin.read()),
        ("input", lambda: input()),
        ("SDK's source", lambda: open(sys.modules["sandglass_guest"].__file__).read()),
    )


def file_raw():
    """The types beneath `open`, which were there before they were replaced."""
    import io

    real = [kind for kind in io.RawIOBase.__subclasses__() + _below(io.RawIOBase) if kind.__name__ == "FileIO"]
    return tried(*[(f"{kind.__module__}.{kind.__name__}", lambda kind=kind: kind("/etc/passwd").read()) for kind in real])


def _below(kind):
    import _io

    found = []
    for below in _io._RawIOBase.__subclasses__():
        found += [below, *below.__subclasses__()]
    return found


def environment():
    import locale
    import platform

    return tried(
        ("argv", lambda: sys.argv),
        ("orig_argv", lambda: sys.orig_argv),
        ("environ", lambda: dict(os.environ)),
        ("getenv", lambda: os.getenv("PATH")),
        ("path", lambda: sys.path),
        ("executable", lambda: sys.executable),
        ("prefix", lambda: sys.prefix),
        ("cwd", os.getcwd),
        ("pid", os.getpid),
        ("home", lambda: os.path.expanduser("~")),
        ("uname", os.uname),
        ("platform", platform.platform),
        ("node", platform.node),
        ("version", lambda: sys.version),
        ("cpus", os.cpu_count),
        ("locale", locale.getlocale),
        ("encoding", lambda: (sys.getfilesystemencoding(), sys.getdefaultencoding())),
        ("modules", lambda: len(sys.modules)),
        ("__file__", lambda: __file__),
    )


def environment_platform():
    import platform

    return str(platform.uname())


def socket():
    import http.client
    import socket
    import ssl
    import urllib.request

    return tried(
        ("socket", lambda: socket.socket()),
        ("create_connection", lambda: socket.create_connection(("127.0.0.1", 80), 1)),
        ("getaddrinfo", lambda: socket.getaddrinfo("example.org", 80)),
        ("gethostname", socket.gethostname),
        ("urllib", lambda: urllib.request.urlopen("http://127.0.0.1/").read()),
        ("http", lambda: http.client.HTTPConnection("127.0.0.1").request("GET", "/")),
        ("ssl", lambda: ssl.create_default_context()),
    )


def socket_ssl():
    import ssl

    return repr(ssl.create_default_context())


def socket_ssl_plain():
    import ssl

    return repr(ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT))


def socket_http():
    import http.client

    return tried(("http", lambda: http.client.HTTPConnection("127.0.0.1").request("GET", "/")))


def socket_urllib():
    import urllib.request

    return tried(("urllib", lambda: urllib.request.urlopen("http://127.0.0.1/").read()))


def signal_handler():
    import signal

    return repr(signal.signal(signal.SIGINT, signal.SIG_DFL))


def socket_plain():
    import socket

    return tried(
        ("socket", lambda: socket.socket()),
        ("create_connection", lambda: socket.create_connection(("127.0.0.1", 80), 1)),
        ("getaddrinfo", lambda: socket.getaddrinfo("example.org", 80)),
        ("gethostname", socket.gethostname),
    )


def process():
    import subprocess

    return tried(
        ("system", lambda: os.system("id")),
        ("popen", lambda: os.popen("id").read()),
        ("run", lambda: subprocess.run(["id"])),
        ("execv", lambda: os.execv("/bin/sh", ["sh"])),
        ("kill", lambda: os.kill(1, 9)),
        ("kill itself", lambda: os.kill(os.getpid(), 9)),
    )


def import_native():
    def imported(name):
        return lambda: __import__(name)

    names = ("ctypes", "_ctypes", "_socket", "_posixsubprocess", "fcntl", "mmap", "resource", "_testcapi", "numpy", "requests", "xml.sax")
    more = (
        ("exec", lambda: exec("import ctypes; ctypes.CDLL(None)")),
        ("dlopen", lambda: __import__("_imp").create_dynamic(__import__("importlib.machinery").machinery.ModuleSpec("x", None, origin="/x.so"))),
        ("wit_world", lambda: sorted(name for name in sys.modules if "wit" in name or "componentize" in name)),
    )
    return tried(*[(name, imported(name)) for name in names], *more)


def import_runtime():
    """The functions with which the component talks to its host."""
    import componentize_py_runtime as runtime

    return str(sorted(name for name in dir(runtime)))


def exit():
    sys.exit(3)


def exit_quit():
    raise KeyboardInterrupt


def exit_now():
    os._exit(3)


def abort():
    os.abort()


def abort_signal():
    import signal

    return tried(
        ("signal", lambda: signal.signal(signal.SIGINT, signal.SIG_DFL)),
        ("alarm", lambda: signal.alarm(1)),
        ("raise", lambda: signal.raise_signal(signal.SIGTERM)),
    )


def abort_faulthandler():
    import faulthandler

    faulthandler._sigsegv()


WORDS = {
    function.__name__: function
    for function in (
        threads, deadlock, deadlock_timeout, deadlock_queue, sleep, clock, clock_today, random, random_uuid1, random_native,
        hash_order, file, file_raw, environment, environment_platform, socket, socket_ssl, socket_ssl_plain, socket_http, socket_urllib, signal_handler, socket_plain, process, import_native, import_runtime, exit, exit_quit, exit_now,
        abort, abort_signal, abort_faulthandler,
    )
}  # fmt: skip
