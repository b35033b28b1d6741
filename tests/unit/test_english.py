"""The language of the project: plain English in docstrings, comments, messages, test names, clauses and docs.

``CLEAN`` names the files and folders that are held to it; the list only grows.
"""

from __future__ import annotations

import ast
import io
import itertools
import re
import tokenize
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

ROOT = Path(__file__).parents[2]
CLEAN = (
    ".ci/run",
    "README.md",
    "benchmarks",
    "conftest.py",
    "docs",
    "ferspec",
    "protocol_tests",
    "pyproject.toml",
    "tests",
    "tox.ini",
)
# where, too, the first sentence of a docstring is short
SHORT = ("ferspec",)
SUFFIXES = {".css", ".html", ".md", ".py", ".svg", ".toml", ".txt"}
TEMPLATES = {".css", ".html", ".svg"}
MOST_WORDS = 15


class Pattern(NamedTuple):
    """A banned pattern: what to write instead, a text that it catches, and texts that it lets pass."""

    expression: str
    instead: str
    wrong: str
    right: tuple[str, ...] = ()


PATTERNS = (
    Pattern(
        r"(?<!there )\b(is|are|was|were|be) no (?!(longer|more|less|fewer|larger|smaller|better|worse)\b)",
        "is not a …",
        "the loss is no number after epoch 7",
        ("there is no such clause", "there are no results", "the state is no longer needed", "it has no images"),
    ),
    Pattern(
        r"(?<!there )\b(is|are|was|were) (?-i:none)\b",
        "is not one",
        "true and false are none",
        ("there are none", "none of the runs is finished"),
    ),
    Pattern(r"\bby heart\b", "memorised, looked up", "a model that knows its images by heart"),
    Pattern(r"\bmend(s|ed|ing)?\b", "correct, update", "whoever mends the digest", ("we recommend it", "amended")),
    Pattern(r"\bsteer(s|ed|ing)?\b", "monitor, decide", "the part that steers the schedule"),
    Pattern(r"\bso many\b", "that number of", "the mean of so many runs"),
    Pattern(r"\bbut for\b", "except", "all images but for the last batch", ("not this but another",)),
    Pattern(r"\b(go|goes|went|gone|going) on\b", "continue, resume, happen", "the same command goes on"),
    Pattern(r"\b(left|leave|leaves|let) alone\b", "skipped, unchanged", "foreign files are left alone"),
    Pattern(
        r"\b(tell|tells|told) (of|what|how|apart|it)\b", "say, report, distinguish", "what a file tells of its input"
    ),
    Pattern(r"\b(is|are|was|were) told\b", "is given, is reported", "what a training was told"),
    Pattern(r"\b(is|are) there already\b", "already exists", "the folder is there already"),
    Pattern(r"\banew\b", "again, from the beginning", "begin anew in another folder"),
    Pattern(r"\bof which nothing\b", "untrusted", "a file of which nothing is believed"),
    Pattern(r"\bheld against\b|\bhold(s|ing)? .{0,30}\bagainst\b", "compared with", "cells are held against bands"),
    Pattern(r"\bwhat (comes|came) (of|out)\b|\bwhat becomes of\b", "the result", "every value changes what comes out"),
    Pattern(r"\b(at|under) (its|their|one's) hands?\b", "available", "the model at their hands"),
    Pattern(r"\bof them(?=[,;:]? that)\b", "those that", "of them that fail"),
    Pattern(r"\bmade of it\b|\bspeaks? against\b", "claimed, contradicts", "every claim that is made of it"),
    Pattern(r"\bwith (it|them) goes?\b", "includes", "and with it goes the digest"),
    Pattern(r"\bthereof\b|\bwhereof\b|\bwherein\b|\bhereby\b", "of it, in which", "the cells whereof it speaks"),
    Pattern(
        r"^\W*(Believed|Left|Told|Asked|Read|Shown) is what\b", "subject first", "Believed is what the record says"
    ),
)
# nouns of the field are asked for instead
BANNED_NAMES = frozenset({"again", "apart", "here", "of", "told"})


class Finding(NamedTuple):
    """A banned text in a file."""

    path: Path
    line: int
    text: str
    instead: str

    def __str__(self) -> str:
        return f"{self.path.relative_to(ROOT)}:{self.line}: {self.text!r}: write: {self.instead}"


def banned(text: str) -> Iterator[tuple[str, str]]:
    """Yield each banned piece of a text, and what to write instead."""
    for pattern in PATTERNS:
        for match in re.finditer(pattern.expression, text, re.IGNORECASE):
            yield match[0].strip(), pattern.instead


def texts(path: Path) -> Iterator[tuple[int, str]]:
    """Yield line number and text of everything in a file that people read, paragraph by paragraph."""
    source = path.read_text(encoding="utf-8")
    if path.suffix == ".py":
        yield from python_texts(source)
        return
    if path.suffix in TEMPLATES:
        # expressions and statements of Jinja are code; blanks keep the line numbers
        source = re.sub(r"\{[{%].*?[%}]\}", lambda code: re.sub(r"\S", " ", code[0]), source, flags=re.DOTALL)
    line = 1
    for paragraph in re.split(r"(?<=\n)(?=\s*\n)", source):
        yield line, " ".join(paragraph.split())
        line += paragraph.count("\n")


def python_texts(source: str) -> Iterator[tuple[int, str]]:
    """Yield comments, strings with their placeholders, and the names of tests as sentences."""
    yield from comments(source)
    parts: set[ast.AST] = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.JoinedStr):
            parts.update(node.values)
            pieces = [part.value if isinstance(part, ast.Constant) else "X" for part in node.values]
            yield node.lineno, " ".join("".join(map(str, pieces)).split())
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and node not in parts:
            yield node.lineno, " ".join(node.value.split())
        elif isinstance(node, ast.FunctionDef) and node.name.startswith("test_"):
            yield node.lineno, node.name.removeprefix("test_").replace("_", " ")


def comments(source: str) -> Iterator[tuple[int, str]]:
    """Yield line number and text of comments; those of consecutive lines are one."""
    lines: dict[int, str] = {}
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type == tokenize.COMMENT:
            lines[token.start[0]] = token.string.lstrip("# ")
    for number in lines:
        if number - 1 not in lines:
            following = itertools.takewhile(lines.__contains__, itertools.count(number))
            yield number, " ".join(lines[line] for line in following)


def bound_names(source: str) -> Iterator[tuple[int, str]]:
    """Yield line number and name of every variable and argument; the fields of records are keys of documents."""
    tree = ast.parse(source)
    classes = [node for node in ast.walk(tree) if isinstance(node, ast.ClassDef)]
    fields = {line.target for of_class in classes for line in of_class.body if isinstance(line, ast.AnnAssign)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store) and node not in fields:
            yield node.lineno, node.id
        elif isinstance(node, ast.arg):
            yield node.lineno, node.arg


def first_sentences(source: str) -> Iterator[tuple[int, str]]:
    """Yield line number and first sentence of every docstring."""
    kinds = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, kinds) and (text := ast.get_docstring(node)):
            paragraph = " ".join(text.split("\n\n")[0].split())
            yield getattr(node, "lineno", 1), re.split(r"(?<=[.;:])\s", paragraph)[0]


def findings(path: Path) -> Iterator[Finding]:
    """Yield the banned patterns and names in a file."""
    for line, text in texts(path):
        for piece, instead in banned(text):
            yield Finding(path, line, piece, instead)
    if path.suffix == ".py":
        for line, name in bound_names(path.read_text(encoding="utf-8")):
            if name in BANNED_NAMES:
                yield Finding(path, line, name, "a noun of the field")


def long_sentences(path: Path) -> Iterator[Finding]:
    """Yield the docstrings in a file whose first sentence is long."""
    for line, sentence in first_sentences(path.read_text(encoding="utf-8")):
        if len(sentence.split()) > MOST_WORDS:
            yield Finding(path, line, sentence, f"at most {MOST_WORDS} words in the first sentence")


def files(place: str) -> list[Path]:
    """Return the files of a clean place that hold text, itself if it is one."""
    path = ROOT / place
    if path.is_file():
        return [path]
    return [file for file in sorted(path.rglob("*")) if file.suffix in SUFFIXES and file != Path(__file__)]


@pytest.mark.parametrize("place", CLEAN)
def test_what_people_read_is_plain_english(place: str):
    assert files(place), f"{place} holds no text"
    found = [str(finding) for file in files(place) for finding in findings(file)]
    assert not found, "\n".join(["", *found])


@pytest.mark.parametrize("place", SHORT)
def test_the_first_sentence_of_a_docstring_is_short(place: str):
    sources = [file for file in files(place) if file.suffix == ".py"]
    found = [str(finding) for source in sources for finding in long_sentences(source)]
    assert not found, "\n".join(["", *found])


@pytest.mark.parametrize("pattern", PATTERNS, ids=lambda pattern: pattern.wrong)
def test_each_pattern_catches_its_wrong_example_and_passes_the_right_ones(pattern: Pattern):
    assert pattern.instead in dict(banned(pattern.wrong)).values()
    for right in pattern.right:
        assert not re.search(pattern.expression, right, re.IGNORECASE), right


def test_comments_strings_and_names_of_tests_are_read():
    source = (
        '# it goes\n# on\nx = f"{y} is no model"\n\ndef test_files_are_left_alone():\n    """Nothing is mended."""\n'
    )
    found = {piece for _, text in python_texts(source) for piece, _ in banned(text)}
    assert found == {"goes on", "is no", "left alone", "mended"}


def test_names_and_long_first_sentences_are_found():
    assert ("told" in dict(bound_names("told = 1")).values()) == ("of" in dict(bound_names("def f(of): ...")).values())
    ((_, sentence),) = first_sentences(f'"""{"word " * 16}here. More."""')
    assert len(sentence.split()) == 17
