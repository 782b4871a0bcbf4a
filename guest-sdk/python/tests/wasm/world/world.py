"""What authors and their libraries may ask of the system, in a component."""

import ast
import asyncio
import builtins
import datetime
import decimal
import io
import logging
import os
import pathlib
import queue
import random
import secrets
import socket
import sqlite3
import sys
import tempfile
import threading
import time
import traceback
import urllib.request
import uuid
import warnings
import zoneinfo
from time import time as early_time

import helper

from sandglass_guest import Input, InputError, ParameterError, int64, row, timestamp, utf8

TABLE = pathlib.Path(__file__).with_name("table.txt").read_text(encoding="utf-8")
RNG = random.Random(5)
logging.basicConfig(stream=sys.stdout, format="%(levelname)s %(message)s")
print("printed while it is built")


def late_import():
    import csv
    from collections import ChainMap
    from json import decoder

    return [module.__name__ for module in (csv, ChainMap, decoder)]


def sleeps():
    before = time.time(), time.monotonic()
    time.sleep(90 * 60)
    return [round(time.time() - before[0]), round(time.monotonic() - before[1])]


def waits():
    event, deadline = threading.Event(), time.monotonic() + 0.001
    while time.monotonic() < deadline:
        pass
    return event.is_set()


def hold(acquire):
    acquire()
    return acquire()


async def nothing():
    return None


def shouts():
    sys.stderr.write("half a line")
    sys.stdout.buffer.write(b"bytes \xff\n")
    print("é", "\ud800", sep="-", end="\n\n")
    logging.getLogger("x").warning("logged")
    warnings.warn("warned", stacklevel=1)
    traceback.print_stack(limit=1)
    print("no newline", end="")


PROBES = {
    "time": lambda: [time.time(), time.time_ns(), early_time(), time.gmtime()[:6], time.localtime().tm_hour],
    "clocks": lambda: [time.monotonic() < time.monotonic(), time.perf_counter() < time.perf_counter(), time.process_time() > 0],
    "texts of times": lambda: [time.strftime("%Y-%m-%d"), time.ctime(), time.asctime(), time.get_clock_info("time").implementation],
    "now": lambda: [str(datetime.datetime.now()), str(datetime.datetime.now(datetime.timezone.utc)), str(datetime.date.today())],
    "now elsewhere": lambda: str(datetime.datetime.now(datetime.timezone(datetime.timedelta(hours=2)))),
    "utcnow": lambda: str(datetime.datetime.utcnow()),
    "today": lambda: str(datetime.datetime.today()),
    "strptime": lambda: str(datetime.datetime.strptime("29 Feb 2024", "%d %b %Y")),
    "sleep": sleeps,
    "wait": waits,
    "wait for an event": lambda: threading.Event().wait(0.1),
    "random": lambda: [random.random(), random.Random().random(), random.randint(1, 6), RNG.random()],
    "urandom": lambda: [os.urandom(2).hex(), secrets.token_hex(2), str(uuid.uuid4()), random.SystemRandom().random()],
    "uuid1": lambda: uuid.uuid1().version,
    "open": lambda: open("/etc/passwd"),
    "io.open": lambda: io.open("x", "w"),
    "open by number": lambda: open(1, "w"),
    "FileIO": lambda: io.FileIO("x"),
    "pathlib": lambda: pathlib.Path("x").read_text(),
    "exists": lambda: os.path.exists("/"),
    "listdir": lambda: os.listdir("/"),
    "os.open": lambda: os.open("x", os.O_RDONLY),
    "os.write": lambda: os.write(1, b"x"),
    "tempfile": lambda: tempfile.mkstemp(),
    "environ": lambda: [os.environ.get("HOME"), os.getcwd(), sys.argv],
    "set environ": lambda: os.environ.update(A="b") or os.environ["A"],
    "table": lambda: TABLE.strip(),
    "socket": lambda: socket.socket(),
    "getaddrinfo": lambda: socket.getaddrinfo("localhost", 80),
    "urlopen": lambda: urllib.request.urlopen("http://localhost/"),
    "asyncio": lambda: asyncio.run(nothing()),
    "thread": lambda: threading.Thread(target=print).start(),
    "lock": lambda: threading.Lock().acquire(),
    "lock held": lambda: hold(threading.Lock().acquire),
    "lock held, with": lambda: hold(lambda lock=threading.Lock(): lock.__enter__()),
    "lock held for a time": lambda: hold(lambda lock=threading.Lock(): lock.acquire(timeout=5)),
    "queue": lambda: queue.Queue().get(timeout=5),
    "syntax": lambda: eval("1 +"),
    "syntax of a module": lambda: compile("x y", "x.py", "exec"),
    "literal": lambda: ast.literal_eval("[1, 2"),
    "sqlite": lambda: sqlite3.connect(":memory:"),
    "zone": lambda: zoneinfo.ZoneInfo("Europe/Berlin"),
    "input": lambda: input(),
    "stdin": lambda: sys.stdin.read(),
    "breakpoint": lambda: breakpoint(),
    "late import": late_import,
    "late import of a helper": helper.late,
    "unknown import": lambda: __import__("no_such_module"),
    "import not built in": lambda: __import__("wave"),
    "submodule not built in": lambda: __import__("json.tool"),
    "encodings": lambda: ["é".encode(name).hex() for name in ("latin-1", "cp1252", "utf-16-le", "idna", "ascii")],
    "decimal": lambda: str(decimal.Decimal(1) / 3),
    "shout": shouts,
    "os._exit": lambda: os._exit(0),
    "os.abort": lambda: os.abort(),
    "cpu_count": lambda: os.cpu_count(),
}


def overflow():
    return overflow()


def out_of_memory():
    kept = []
    while True:
        kept.append(bytes(1 << 24))


class Odd(Exception):
    def __str__(self):
        raise RuntimeError("no words")


def chained():
    try:
        {}["key"]
    except KeyError as error:
        raise ValueError("chained") from error


def throws(error):
    raise error


ENDS = {
    "exit": lambda: sys.exit("leaves"),
    "interrupt": lambda: throws(KeyboardInterrupt()),
    "generator": lambda: throws(GeneratorExit()),
    "recursion": overflow,
    "odd": lambda: throws(Odd()),
    "surrogate": lambda: throws(ValueError("\ud800")),
    "chained": chained,
    "in a helper": helper.fails,
    "input": lambda: throws(InputError("half \ud800", row=1 << 40)),
    "parameter": lambda: throws(ParameterError("bad", input=0, row=0)),
    "stop": lambda: throws(StopIteration()),
    "memory": out_of_memory,
    "group": lambda: throws(ExceptionGroup("several", [ValueError("a"), KeyError("b")])),
    "deep": lambda: (sys.setrecursionlimit(1 << 30), overflow()),
    "no print": lambda: (setattr(builtins, "print", None), setattr(sys, "stdout", None), throws(ValueError("silent"))),
}


@row("asks", input=Input("rows", {"what": utf8}), output={"what": utf8, "said": utf8})
def asks(context, batch, out):
    for source, what in enumerate(batch.what):
        try:
            said = repr(PROBES[what]())
        except Exception as error:
            said = f"{type(error).__name__}: {error}"
        out.emit(source, what, said)


@row("ends", input=Input("rows", {"what": utf8}), output={"at": timestamp, "length": int64})
def ends(context, batch):
    for what in batch.what:
        ENDS[what]()
