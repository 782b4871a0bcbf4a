"""Folders that are built, and what is said of those that cannot be."""

import importlib.util
import sys
from pathlib import Path

import pytest

from sandglass_guest.build import BuildError, build, sources

WIT = Path(__file__).parents[2] / "wit"
if importlib.util.find_spec("componentize_py") is None:
    pytest.skip("there is no componentize-py", allow_module_level=True)

DECLARED = 'from sandglass_guest import *\n@row("x", input=Input("rows", {"what": utf8}), output={"what": utf8})\n'


def built(folder):
    output = folder.parent / "out.wasm"
    build(sources(folder), WIT, output, None)
    return output


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('def helper():\n    return {}["x"]\nhelper()\n', '{folder}/orders.py", line 2, in helper\n    return {{}}["x"]\n           ~~^^^^^\nKeyError: \'x\''),
        ("def f(:\n", '{folder}/orders.py", line 1\n    def f(:\n          ^\nSyntaxError: invalid syntax'),
        ("import sandglass_guest\n", "module `orders` has no transformations: decorate a function with"),
        (DECLARED.replace("utf8}", "str}", 1) + "def x(context, batch): pass\n", "'what' is <class 'str'>, which is no kind of column"),
        (2 * (DECLARED + "def x(context, batch): pass\n"), "there are two transformations `x`"),
        ("import numpy\n", "ModuleNotFoundError: No module named 'numpy'"),
    ],
)
def test_what_an_author_did_wrong_is_shown(tmp_path, text, message):
    folder = tmp_path / "folder"
    folder.mkdir()
    (folder / "orders.py").write_text(text)
    with pytest.raises(BuildError) as caught:
        built(folder)
    said = str(caught.value)
    assert message.format(folder=folder.resolve()) in said
    assert "sandglass_guest/" not in said and "importlib" not in said


def test_what_is_in_vendor_and_what_is_printed(tmp_path):
    pytest.importorskip("wasmtime")
    from host import Host

    folder = tmp_path / "folder"
    (folder / "orders").mkdir(parents=True)
    (folder / "vendor" / "greeting-1.0.dist-info").mkdir(parents=True)
    (folder / "vendor" / "greeting.py").write_text("def greet(name):\n    return f'hello {name}'\n")
    (folder / "pyproject.toml").write_text('[project]\ndependencies = ["sandglass-guest", "greeting"]\n')
    (folder / "orders" / "__init__.py").write_text("from .rows import x\n")
    (folder / "orders" / "rows.py").write_text(
        "import sys\nfor line in range(3000):\n    print(line, file=sys.stderr)\n    print(line)\n"
        + DECLARED
        + "def x(context, batch):\n    from greeting import greet\n    from .late import late\n"
        + "    return {'what': [late(greet(what)) for what in batch.what]}\n"
    )
    (folder / "orders" / "late.py").write_text("def late(text):\n    return text.upper()\n")
    instance = Host(built(folder)).instance()
    assert instance.texts(instance.open("x", 0), ["you", "all"]) == [["HELLO YOU", "HELLO ALL"]]
    assert instance.logs == []
    assert list(folder.rglob("__pycache__")) == []
