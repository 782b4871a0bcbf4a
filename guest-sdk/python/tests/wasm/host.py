"""A small host: one component, called through wasmtime's Python package."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from wasmtime import Config, Engine, Store, Trap, WasmtimeError
from wasmtime.component import Component, Linker, Record, Variant

_INTERFACE = "sandglass:transform/{}@0.1.0"
Trapped = (Trap, WasmtimeError)


class Host:
    """A compiled component."""

    def __init__(self, path: Path) -> None:
        config = Config()
        config.wasm_component_model = True
        self.engine = Engine(config)
        self.component = Component.from_file(self.engine, str(path))

    def instance(self, memory_bytes: int = 256 << 20) -> Instance:
        """A fresh one."""
        return Instance(self, memory_bytes)


class Instance:
    """Its memory, and what it logged."""

    def __init__(self, host: Host, memory_bytes: int) -> None:
        self.logs: list[tuple[str, str]] = []
        self.store = Store(host.engine)
        self.store.set_limits(memory_size=memory_bytes)
        linker = Linker(host.engine)
        with linker.root() as root:
            with root.add_instance(_INTERFACE.format("types")):
                pass
            with root.add_instance(_INTERFACE.format("log")) as log:
                log.add_func("log", lambda _, level, message: self.logs.append((level, message)))
        self.instance = linker.instantiate(self.store, host.component)
        self.interface = self.instance.get_export_index(self.store, _INTERFACE.format("transformation"))

    def call(self, name: str, *arguments: Any) -> Any:
        """Calls an export."""
        place = self.instance.get_export_index(self.store, name, self.interface)
        function = self.instance.get_func(self.store, place)
        assert function is not None
        answer = function(self.store, *arguments)
        function.post_return(self.store)
        return answer.payload if isinstance(answer, Variant) else answer

    def open(self, name: str, at: int) -> Any:
        """Starts a run that answers a request."""
        return self.call("open", name, _record(mode=at, ranges=[None], parameters=[], lineage=True, properties=[]))

    def texts(self, run: Any, texts: list[str]) -> Any:
        """Pushes a batch of one column of text; answers a failure, or the texts of each column that came out."""
        data = "".join(texts).encode()
        offsets, end = [b"\0\0\0\0"], 0
        for text in texts:
            end += len(text.encode())
            offsets.append(end.to_bytes(4, "little"))
        node = Record()
        node.length, node.__dict__["null-count"] = len(texts), 0
        failed = self.call("[method]run.push", run, 0, _record(rows=len(texts), nodes=[node], buffers=[b"", b"".join(offsets), data]))
        if failed is not None:
            return failed
        output = self.call("[method]run.next", run)
        if output is None or hasattr(output, "kind"):
            return output
        assert self.call("[method]run.next", run) is None
        return [_texts(*output.batch.buffers[place + 1 : place + 3]) for place in range(0, len(output.batch.buffers), 3)]


def _texts(offsets: bytes, data: bytes) -> list[str]:
    places = [int.from_bytes(offsets[at : at + 4], "little") for at in range(0, len(offsets), 4)]
    return [data[start:end].decode() for start, end in zip(places, places[1:])]


def _record(**fields: Any) -> Record:
    record = Record()
    for name, value in fields.items():
        setattr(record, name, value)
    return record
