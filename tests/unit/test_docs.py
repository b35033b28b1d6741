"""README.md and docs/ name existing commands, options, files, clauses, extras, markers and folders."""

import re
import shlex
import tomllib
from itertools import pairwise
from pathlib import Path

import pytest
import typer

from ferspec import spec
from ferspec.cli import app
from ferspec.plugin import OPTIONS
from helpers.places import ROOT

DOCUMENTS = sorted([ROOT / "README.md", *(ROOT / "docs").glob("*.md")])
FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
INLINE = re.compile(r"(?<!`)`([^`]+)`(?!`)")
LINK = re.compile(r"\]\(([^)\s]+)\)")
SEPARATORS = {"&&", "|", ";", "&"}


def name(document):
    return document.relative_to(ROOT).as_posix()


def named(ids):
    """Return pairs of a document and what it names, with ids that say both."""
    return [pytest.param(*pair, id=f"{name(pair[0])}: {pair[-1]}") for pair in ids]


def words_of(line):
    """Return the commands of a line of a shell, as words; what follows # is a comment."""
    lexer = shlex.shlex(line, posix=True, punctuation_chars="&|;")
    lexer.whitespace_split = True
    commands = [[]]
    for word in lexer:
        if word in SEPARATORS:
            commands.append([])
        else:
            commands[-1].append(word)
    return commands


def calls(text, program):
    """Return the arguments of every call of a program in lines of a shell."""
    for line in text.replace("\\\n", " ").splitlines():
        if program in line:
            yield from (words[1:] for words in words_of(line) if words and Path(words[0]).name == program)


def in_fences(document, program):
    """Return the whole command lines of a program that a document prints."""
    fences = FENCE.findall(document.read_text(encoding="utf-8"))
    return [words for language, text in fences if language in ("sh", "") for words in calls(text, program)]


def in_lines(document, program):
    """Return the commands of a program that stand in running text, which may be cut short."""
    text = FENCE.sub("", document.read_text(encoding="utf-8"))
    spans = [" ".join(span.split()) for span in INLINE.findall(text)]
    return [words for span in spans if span.startswith(f"{program} ") for words in calls(span, program)]


def every(find, program):
    return named((document, words, shlex.join(words)) for document in DOCUMENTS for words in find(document, program))


def found_command(words):
    """Return the command that words name, its context and the words after it."""
    command = typer.main.get_command(app)
    context, rest = command.make_context("ferspec", [], resilient_parsing=True), list(words)
    while hasattr(command, "commands"):
        assert rest, f"{context.command_path} is not a command by itself"
        inner = command.get_command(context, rest[0])
        if inner is None:
            assert rest[0].startswith("-"), f"{context.command_path} has no command {rest[0]}"
            break
        command, context = inner, inner.make_context(rest[0], [], parent=context, resilient_parsing=True)
        rest = rest[1:]
    return command, context, rest


def require_options(words):
    """Fail unless every option among words is one of the command they name."""
    command, context, rest = found_command(words)
    known = {option for parameter in command.get_params(context) for option in parameter.opts}
    unknown = [word for word in rest if word.startswith("-") and word.partition("=")[0] not in known]
    assert not unknown, f"{context.command_path} has no option {', '.join(unknown)}"


def parse(words):
    """Parse a whole command line as the command line does, and run nothing."""
    command, context, rest = found_command(words)
    command.make_context(context.info_name, rest, parent=context.parent)


@pytest.mark.parametrize("document", DOCUMENTS, ids=name)
def test_every_document_names_commands(document):
    assert in_fences(document, "ferspec") + in_lines(document, "ferspec")


@pytest.mark.parametrize(("document", "words", "_"), every(in_fences, "ferspec"))
def test_a_printed_command_line_parses(document, words, _):
    parse(words)


@pytest.mark.parametrize(("document", "words", "_"), every(in_lines, "ferspec"))
def test_a_command_in_running_text_exists_with_its_options(document, words, _):
    require_options(words)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("train CELL --epochs 3", "No such option"),
        ("train", "Missing argument"),
        ("train CELL --seed one", "Invalid value for '--seed'"),
        ("train CELL --augment threats", "is not one of"),
        ("grid lists", "has no command lists"),
        ("grid", "not a command by itself"),
        ("trains CELL", "has no command trains"),
    ],
)
def test_a_wrong_command_line_does_not_parse(words, said):
    with pytest.raises((AssertionError, typer.TyperException)) as refused:
        parse(words.split())
    assert said in str(getattr(refused.value, "format_message", lambda: refused.value)())


def test_an_unknown_option_in_running_text_is_found():
    with pytest.raises(AssertionError, match="has no option --selects"):
        require_options(["grid", "list", "--selects", "…"])


def test_commands_are_read_out_of_lines_with_comments_and_several_commands():
    line = ".venv/bin/pip install . && .venv/bin/ferspec certify demo  # ferspec train"
    assert list(calls(line, "ferspec")) == [["certify", "demo"]]


def pytest_calls():
    return [*every(in_fences, "pytest"), *every(in_lines, "pytest")]


@pytest.mark.parametrize(("document", "words", "_"), pytest_calls())
def test_a_pytest_command_names_existing_options_and_markers(document, words, _):
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["pytest"]["ini_options"]
    known = {*OPTIONS, "--fer-claim", "--fer-profile", "--fer-trust-code"}
    if words[:1] == ["benchmarks"]:
        known |= set(re.findall(r'"(--fer-[a-z]+)"', (ROOT / "benchmarks" / "conftest.py").read_text(encoding="utf-8")))
    assert {word for word in words if word.startswith("--fer-")} <= known
    markers = {marker.partition(":")[0] for marker in settings["markers"]}
    # a marker may stand in an expression, with arguments of its own
    chosen = [re.sub(r"\(.*?\)", "", after) for before, after in pairwise(words) if before == "-m"]
    assert {word for expression in chosen for word in expression.split(" and ")} <= markers


LINKS = named(
    (document, link)
    for document in DOCUMENTS
    for link in LINK.findall(document.read_text(encoding="utf-8"))
    if "://" not in link
)


@pytest.mark.parametrize(("document", "link"), LINKS)
def test_a_relative_link_points_at_an_existing_file(document, link):
    path, _, anchor = link.partition("#")
    target = document.parent / path if path else document
    assert target.is_file()
    if anchor:
        headings = re.findall(r"^#+ (.+)$", target.read_text(encoding="utf-8"), re.MULTILINE)
        assert anchor in {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("document", DOCUMENTS, ids=name)
def test_every_clause_and_erratum_that_is_named_exists(document):
    known = {clause.id for clause in spec.load().clauses} | {erratum.id for erratum in spec.load().errata}
    ids = set(re.findall(r"\b(?:FER-[A-Z]-\d+|ERR-\d+)\b", document.read_text(encoding="utf-8")))
    assert ids <= known


@pytest.mark.parametrize("document", DOCUMENTS, ids=name)
def test_every_family_of_clauses_that_is_named_exists(document):
    known = {clause.id.rpartition("-")[0] for clause in spec.load().clauses}
    assert set(re.findall(r"--family (\S+?)`", document.read_text(encoding="utf-8"))) <= known


def test_the_table_of_extras_lists_all_extras():
    section = (ROOT / "README.md").read_text(encoding="utf-8").partition("## Extras")[2].partition("\n## ")[0]
    rows = re.findall(r"^\| (`[^|]+) \|", section, re.MULTILINE)
    listed = [extra for row in rows for extra in INLINE.findall(row)]
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert sorted(listed) == sorted(project["optional-dependencies"])


def test_the_table_of_the_layout_names_every_folder():
    section = (ROOT / "README.md").read_text(encoding="utf-8").partition("The house,")[2]
    listed = {path for path in INLINE.findall(section) if path.startswith("ferspec/")}
    assert {path for path in listed if not (ROOT / path).exists()} == set()
    rooms = {f"ferspec/{room.parent.name}/" for room in (ROOT / "ferspec").glob("*/__init__.py")}
    assert rooms <= listed
