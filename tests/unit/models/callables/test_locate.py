"""The source file of a callable is found by its path, and nothing of it is imported."""

import py_compile
import sys
import zipfile

import pytest

from ferspec.errors import UserError
from ferspec.subjects.models.callables.locate import locate

POISON = "raise AssertionError('imported')"


def put(folder, *names):
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(POISON)
    return folder


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """The current folder, which holds modules that must not be imported."""
    monkeypatch.chdir(tmp_path)
    return put(tmp_path, "one.py", "pkg/__init__.py", "pkg/inner/__init__.py", "pkg/inner/net.py", "ns/net.py")


@pytest.mark.parametrize(
    ("name", "file"),
    [
        ("one", "one.py"),
        ("pkg", "pkg/__init__.py"),
        ("pkg.inner", "pkg/inner/__init__.py"),
        ("pkg.inner.net", "pkg/inner/net.py"),
        ("ns.net", "ns/net.py"),
    ],
)
def test_a_module_is_found_in_the_current_folder(folder, name, file):
    located = locate(f"{name}:f")
    assert located.source == folder / file
    assert located.root == folder
    assert (located.installed, located.first) == (False, False)
    assert not any(known.partition(".")[0] in {"one", "pkg", "ns"} for known in sys.modules)


def test_pythons_path_comes_before_the_current_folder(folder, tmp_path_factory, monkeypatch):
    elsewhere = put(tmp_path_factory.mktemp("elsewhere"), "one.py")
    monkeypatch.syspath_prepend(str(elsewhere))
    located = locate("one:f")
    assert located.source == elsewhere / "one.py"
    assert located.first


def test_a_regular_package_comes_before_a_folder_of_its_name(folder, tmp_path_factory, monkeypatch):
    (elsewhere := tmp_path_factory.mktemp("elsewhere")).joinpath("pkg").mkdir()
    monkeypatch.syspath_prepend(str(elsewhere))
    assert locate("pkg.inner.net:f").root == folder


@pytest.mark.parametrize("name", ["json", "numpy", "numpy.linalg"])
def test_an_installed_package_is_recognised(name):
    assert locate(f"{name}:f").installed


def test_a_module_beside_an_installed_one_does_not_hide_it(folder):
    put(folder, "json.py")
    assert locate("json:f").installed


@pytest.mark.parametrize("name", ["gone", "pkg.gone", "one.inner", "gone.inner"])
def test_a_missing_module_is_one_line(folder, name):
    with pytest.raises(UserError, match=f"there is no module '{name}' on Python's path or in this folder"):
        locate(f"{name}:f")


def test_a_module_without_a_source_file_is_refused(folder, monkeypatch):
    py_compile.compile(str(folder / "one.py"), str(folder / "compiled.pyc"))
    with zipfile.ZipFile(folder / "packed.zip", "w") as archive:
        archive.writestr("packed.py", POISON)
    monkeypatch.syspath_prepend(str(folder / "packed.zip"))
    for name in ("sys", "ns", "compiled", "packed"):
        with pytest.raises(UserError, match="has no source file"):
            locate(f"{name}:f")
