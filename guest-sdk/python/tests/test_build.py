"""How an author's folder is read, before anything is built."""

from pathlib import Path

import pytest

from sandglass_guest.build import BuildError, _said, digest, main, sources

WIT = Path(__file__).parents[1] / "wit"


@pytest.fixture
def folder(tmp_path):
    def write(**files):
        for name, text in files.items():
            path = tmp_path / name.replace("__", "/").replace("_dot_", ".")
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        return tmp_path

    return write


def test_the_only_module_is_found(folder):
    found = sources(folder(orders_dot_py="", test_orders_dot_py="", conftest_dot_py="", tests__x_dot_py=""))
    assert (found.module, found.vendor) == ("orders", None)


def test_a_package_below_src_is_found(folder):
    (folder() / "src" / "orders").mkdir(parents=True)
    (folder() / "src" / "orders" / "__init__.py").touch()
    found = sources(folder(setup_dot_py=""))
    assert (found.module, found.folder.name) == ("orders", "src")


def test_one_of_several_is_named(folder):
    path = folder(a_dot_py="", b_dot_py="")
    with pytest.raises(BuildError, match=r"there is `a`, `b`.*\[tool.sandglass\] module"):
        sources(path)
    assert sources(folder(pyproject_dot_toml='[tool.sandglass]\nmodule = "b"\n')).module == "b"


@pytest.mark.parametrize(
    ("toml", "message"),
    [
        ('[tool.sandglass]\nmodule = "c"\n', "there is no module 'c'"),
        ("[tool.sandglass]\nmodules = 1\n", r"has no `modules`; it has `module`"),
        ("[tool", "pyproject.toml: "),
        ('[project]\ndependencies = ["sandglass-guest", "humanize>=4"]\n', r"which lacks humanize>=4: pip install --target vendor .* 'humanize>=4'"),
    ],
)
def test_what_is_wrong_is_said(folder, toml, message):
    with pytest.raises(BuildError, match=message):
        sources(folder(a_dot_py="", pyproject_dot_toml=toml))


def test_dependencies_come_from_vendor(folder):
    path = folder(a_dot_py="", pyproject_dot_toml='[project]\ndependencies = ["Some.Name[x] >= 4; python_version > \'3\'"]\n')
    (path / "vendor" / "some_name-4.1.dist-info").mkdir(parents=True)
    assert sources(path).vendor == path.resolve() / "vendor"
    (path / "vendor" / "fast.cpython-311.so").touch()
    with pytest.raises(BuildError, match="has native code, which cannot run in a component: fast.cpython-311.so"):
        sources(path)


def test_the_digest_is_that_of_what_is_built_in(folder):
    path = folder(a_dot_py="x = 1")
    before = digest(sources(path), WIT)
    folder(tests__test_dot_py="", _dot_hidden="", golden__rows_dot_csv="")
    (path / "__pycache__").mkdir()
    (path / "__pycache__" / "a.pyc").touch()
    assert digest(sources(path), WIT) == before
    folder(a_dot_py="x = 2")
    assert digest(sources(path), WIT) != before


def test_the_command_says_what_is_wrong(folder, capsys):
    assert main([str(folder() / "nowhere")]) == 1
    assert "nowhere is not a folder" in capsys.readouterr().err
    path = folder(a_dot_py="")
    assert main([str(path)]) == 0
    assert len(capsys.readouterr().out.strip()) == 64
    assert main([str(path), "-o", str(path / "a.wasm"), "--tools", str(path / "nothing")]) == 1
    assert "pip install componentize-py==" in capsys.readouterr().err


def test_tracebacks_of_a_build_have_the_authors_files():
    text = 'x\n--- sandglass: error\n  File "/2/a.py", line 1, in <module>\n\nZeroDivisionError\n--- sandglass: end\n\nCaused by:\n    y\n'
    said = _said(text, [Path("/entry"), Path("/sdk"), Path("/home/me/orders")])
    assert said == '  File "/home/me/orders/a.py", line 1, in <module>\n\nZeroDivisionError'
    assert _said(" \n", []) == "componentize-py failed without a word"


def test_wit_is_the_contract():
    root = Path(__file__).parents[3] / "wit" / "transform.wit"
    if root.exists():
        assert (WIT / "transform.wit").read_text() == root.read_text()


