"""Builds an author's folder to a component: `python -m sandglass_guest.build FOLDER --output orders.wasm`.

It needs componentize-py, and nothing else: `pip install componentize-py==0.25.1`.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import re
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

COMPONENTIZE_PY = "0.25.1"

_SDK = Path(__file__).resolve().parent.parent
_WIT = _SDK.parent / "wit"
_VENDOR = "pip install --target vendor --only-binary :all: --platform any --implementation py --python-version 3.14 --abi none"
_RUN = "import sys; sys.argv[0] = 'componentize-py'; from componentize_py import script; sys.exit(script())"
_NATIVE = (".so", ".pyd", ".dylib", ".dll")
_NOT_MODULES = ("conftest", "setup", "vendor", "tests", "test", "golden", "docs", "build", "dist", "noxfile")


class BuildError(Exception):
    """What the author can do something about."""


@dataclass(frozen=True)
class Sources:
    """What a component is built of."""

    module: str
    #: Holds the module.
    folder: Path
    vendor: Path | None


def sources(folder: Path) -> Sources:
    """Finds the author's module and what it depends on."""
    folder = folder.resolve()
    if not folder.is_dir():
        raise BuildError(f"{folder} is not a folder")
    project = _project(folder / "pyproject.toml")
    root = folder / "src" if (folder / "src").is_dir() else folder
    settings = project.get("tool", {}).get("sandglass", {})
    # `sdk` is the host's: where this file is.
    if unknown := sorted(set(settings) - {"module", "sdk"}):
        raise BuildError(f"{folder / 'pyproject.toml'}: [tool.sandglass] has no `{unknown[0]}`; it has `module` and `sdk`")
    module = settings.get("module")
    if module is None:
        module = _only_module(root)
    elif not isinstance(module, str) or not _is_module(root, module):
        raise BuildError(f"{folder / 'pyproject.toml'}: there is no module {module!r} in {root}")
    vendor = folder / "vendor"
    _check_dependencies(project.get("project", {}).get("dependencies", []), vendor)
    return Sources(module, root, vendor if vendor.is_dir() else None)


def _project(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise BuildError(f"{path}: {error}") from None


def _is_module(root: Path, module: str) -> bool:
    path = root.joinpath(*module.split("."))
    return path.with_suffix(".py").is_file() or (path / "__init__.py").is_file()


def _only_module(root: Path) -> str:
    found = []
    for path in sorted(root.iterdir()):
        name = path.stem
        is_module = path.suffix == ".py" or (path / "__init__.py").is_file()
        if is_module and name.isidentifier() and name not in _NOT_MODULES and not name.startswith("test_"):
            found.append(name)
    if len(found) == 1:
        return found[0]
    there = ", ".join(f"`{name}`" for name in found) or "none"
    raise BuildError(
        f"{root} should have one module or package; there is {there}. "
        'Say which one has the transformations in pyproject.toml: [tool.sandglass] module = "…"'
    )


def _check_dependencies(dependencies: Sequence[str], vendor: Path) -> None:
    def plain(name: str) -> str:
        return re.sub(r"[-_.]+", "-", name).lower()

    wanted = {plain(re.split(r"[^A-Za-z0-9._-]", dependency.strip(), maxsplit=1)[0]): dependency for dependency in dependencies}
    wanted.pop("sandglass-guest", None)
    there = {plain(path.name.split("-")[0]) for path in vendor.glob("*.dist-info")} if vendor.is_dir() else set()
    if missing := [dependency for name, dependency in wanted.items() if name not in there]:
        named = " ".join(f"'{dependency}'" for dependency in missing)
        raise BuildError(f"dependencies are taken from {vendor}, which lacks {', '.join(missing)}: {_VENDOR} {named}")
    native = sorted(path for path in vendor.rglob("*") if path.suffix in _NATIVE) if vendor.is_dir() else []
    if native:
        names = ", ".join(str(path.relative_to(vendor)) for path in native[:3])
        raise BuildError(
            f"{vendor} has native code, which cannot run in a component: {names}. Use what is pure Python; "
            f"this installs nothing else: {_VENDOR} …"
        )


def digest(found: Sources, wit: Path) -> str:
    """SHA-256 of all that goes into a component, which is the same where the component would do the same.

    Components themselves differ from build to build. Files that end in `.wasm` are left out: they may be components.
    """
    hashed = hashlib.sha256(f"componentize-py {COMPONENTIZE_PY}\nmodule {found.module}\n".encode())
    for label, root in (("wit", wit), ("sdk", _SDK / "sandglass_guest"), ("module", found.folder), ("vendor", found.vendor)):
        for path in _files(root, found) if root is not None else ():
            content = hashlib.sha256(path.read_bytes()).hexdigest()
            hashed.update(f"{label}/{path.relative_to(root).as_posix()} {content}\n".encode())  # type: ignore[arg-type]
    return hashed.hexdigest()


def _files(root: Path, found: Sources) -> Iterator[Path]:
    for path in sorted(root.rglob("*")):
        parts = path.relative_to(root).parts
        if any(part.startswith(".") or part == "__pycache__" or part.endswith(".dist-info") for part in parts):
            continue
        if root == found.folder and (path.stem.startswith("test_") or parts[0] in _NOT_MODULES or path.stem in _NOT_MODULES):
            continue
        if path.is_file() and path.suffix != ".wasm":
            yield path


def build(found: Sources, wit: Path, output: Path, tools: Path | None) -> None:
    """Runs componentize-py, which is installed, or in a folder that pip made with `--target`.

    Whatever environment it is called in, it sees these folders only.
    """
    with tempfile.TemporaryDirectory(prefix="sandglass-python-") as scratch:
        entry, no_packages = Path(scratch, "entry"), Path(scratch, "venv")
        entry.mkdir()
        (no_packages / "lib" / "site-packages").mkdir(parents=True)
        (entry / "sandglass_entry.py").write_text(
            "import sys\nsys.dont_write_bytecode = True\n"
            "from sandglass_guest.component import load\n"
            f"Transformation = load({found.module!r})\n",
            encoding="utf-8",
        )
        paths = [entry, _SDK, found.folder, *([found.vendor] if found.vendor else [])]
        command: list[str | Path] = [sys.executable, "-c", _RUN, "--quiet", "-d", wit, "-w", "transform", "componentize", "--stub-wasi"]
        command += ["sandglass_entry", "-o", output.resolve()]
        for path in paths:
            command += ["-p", path]
        # Otherwise it would add the packages of whatever Python is about.
        environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
        environment["VIRTUAL_ENV"] = str(no_packages)
        if tools is not None:
            environment["PYTHONPATH"] = str(tools.resolve())
        done = subprocess.run(
            command, env=environment, cwd=scratch, capture_output=True, text=True, encoding="utf-8", errors="replace"
        )
        if "No module named 'componentize_py'" in done.stderr:
            raise BuildError(f"componentize-py is not installed: pip install componentize-py=={COMPONENTIZE_PY}")
        if done.returncode != 0:
            raise BuildError(_said(done.stdout + done.stderr, paths))


def _said(text: str, paths: Sequence[Path]) -> str:
    """The author's error if there is one, with the names of the author's files."""
    found = re.search(r"--- sandglass: error\n(.*?)\n--- sandglass: end", text, re.DOTALL)
    said = found[1] if found else text.strip() or "componentize-py failed without a word"
    return re.sub(r'File "/(\d+)/', lambda place: f'File "{paths[int(place[1])]}/', said)


def main(arguments: Sequence[str] | None = None) -> int:
    """The command."""
    parser = argparse.ArgumentParser(prog="sandglass_guest.build", description=__doc__)
    parser.add_argument("folder", type=Path, help="the author's, with a module or package and perhaps pyproject.toml and vendor")
    parser.add_argument("-o", "--output", type=Path, help="the component; left out, only the digest of its sources is printed")
    parser.add_argument("--wit", type=Path, default=_WIT, help="the folder of transform.wit")
    parser.add_argument("--tools", type=Path, help="a folder with componentize-py, made by `pip install --target`")
    given = parser.parse_args(arguments)
    try:
        found = sources(given.folder)
        if given.output is not None:
            build(found, given.wit.resolve(), given.output, given.tools)
        print(digest(found, given.wit.resolve()))
    except BuildError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
