"""The command ``ferspec conform``: implementations in any language, the catalogue and the skeleton."""

import ast
import json
import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

import ferspec as package
from ferspec.checks.generator import checks_for_implementation
from ferspec.cli import UNREAD
from ferspec.commands.endings import INTERRUPTED, NOTHING_KEPT
from ferspec.commands.live.ending import ENDING, STOPPED, ended_in_order
from ferspec.errors import UserError
from ferspec.report import catalogue
from ferspec.subjects.implementations.capabilities import CATALOGUE
from ferspec.subjects.implementations.subject import ImplementationSubject
from helpers.implementations import MINIATURE, PERL, misbehaving
from helpers.processes import run
from helpers.signals import hear_signals
from helpers.waiting import alive, wait_until

CHECKS = checks_for_implementation()
OWN = "ferspec.implementation"


@pytest.fixture
def workplace(tmp_path, monkeypatch):
    """A folder with a right and a wrong miniature, in which the commands are run."""
    (tmp_path / "right.py").write_text(MINIATURE)
    (tmp_path / "uncapped.py").write_text(MINIATURE + "LIMIT = 1000\n")
    (tmp_path / "broken.py").write_text("import sys\nsys.exit(7)\n")
    (tmp_path / "needy.py").write_text("import no_such_package\n")
    (tmp_path / "empty.py").write_text("def something_else():\n    pass\n")
    (tmp_path / "starred.py").write_text(f"from {OWN} import *\n")
    (tmp_path / "right.js").write_text("")
    (tmp_path / "shut.py").write_text("class Fer:\n    def __init__(self, path):\n        pass\n")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def by_clause(out):
    return {outcome["clause"]: outcome["status"] for outcome in json.loads(out)["outcomes"]}


def test_offered_capabilities_are_judged_and_missing_ones_are_counted(ferspec, workplace):
    status, out, err = ferspec("conform", "right", "--json")
    assert (status, err) == (0, "")
    document = json.loads(out)
    counts = document["counts"]
    assert (document["implementation"], document["profile"], document["verdict"]) == ("right", "released", "pass")
    assert counts["planned"] == len(CHECKS) == len(document["outcomes"])
    offered = [check for check in CHECKS if set(check.needs) <= {"classes", "class_weights"}]
    assert counts["pass"] == len(offered) > 2
    assert counts["not_evaluated"] == len(CHECKS) - len(offered)


def test_a_failure_shows_observation_place_cause_and_command(ferspec, workplace):
    status, out, _ = ferspec("conform", "uncapped", "--time-limit", "20")
    assert status == 1
    assert "FER-W-02[RAF-DB] conservative weights are capped at 3   FAIL" in out
    assert "observed Fear: 16.8105, expected Fear: 3" in out
    assert "likely: the cap is missing" in out
    command = next(line.partition("reproduce: ")[2] for line in out.splitlines() if "reproduce:" in line)
    status, repeated, _ = ferspec(*shlex.split(command)[1:])
    assert status == 1
    assert "1 check: 0 pass, 1 fail" in repeated
    assert "--time-limit 20" in command


def test_missing_capabilities_take_one_line_each(ferspec, workplace):
    _, out, _ = ferspec("conform", "right")
    tests_of_totals = sum(check.clause == "FER-N-02" and "parameter_total" in check.needs for check in CHECKS)
    assert out.count("does not offer parameter_total") == 1
    assert f"FER-N-02 ({tests_of_totals} checks)" in " ".join(out.split())


def test_a_selection_of_missing_capabilities_is_not_evaluated(ferspec, workplace):
    status, out, _ = ferspec("conform", "right", "-k", "FER-A")
    assert status == 2
    assert "NOT EVALUATED" in out
    assert "0 pass, 0 fail" in out


def test_a_declared_deviation_does_not_fail_and_an_unused_one_does(ferspec, workplace):
    Path("own.toml").write_text('[[deviation]]\nclause = "FER-W-02"\ncategory = "future"\nreason = "the cap comes"\n')
    status, out, _ = ferspec("conform", "uncapped", "--deviations", "own.toml", "--json")
    assert status == 0
    declared = [outcome for outcome in json.loads(out)["outcomes"] if outcome["declared"]]
    assert json.loads(out)["counts"]["declared"] == len(declared) > 0
    assert {outcome["clause"] for outcome in declared} == {"FER-W-02"}
    assert ferspec("conform", "right", "--deviations", "own.toml")[0] == 1
    assert ferspec("conform", "right", "--deviations", "own.toml", "-k", "FER-C-01")[0] == 0


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["absent.module"], "absent.module: there is no module 'absent' on Python's path or in this folder"),
        (["needy"], "needy: there is no module 'no_such_package'"),
        (["right:Missing"], "right:Missing: right has no 'Missing'"),
        (["broken"], "broken: importing broken failed with SystemExit: 7"),
        (["shut:Fer"], "creating Fer without arguments failed with TypeError"),
        (["empty"], "empty offers no capability"),
        (["starred"], "it offers no capability, and imports ferspec.implementation, which the checks compare with"),
        (["not a module"], "is not a reference to an implementation"),
        (["model.py:"], "is not a reference to an implementation"),
        (
            ["right.py"],
            "'right.py' is not a reference to an implementation: write right, as Python imports it, without .py",
        ),
        (["./right"], "write right, as Python imports it"),
        (["nested/right.py:Fer"], "write nested.right:Fer, as Python imports it"),
        (["../right.py"], "is not a reference to an implementation: write package.module or package.module:object"),
        (["right.js"], "or give a program with --command"),
        ([], "either package.module[:object] or a command"),
        (["right", "--command", "perl x.pl"], "either package.module[:object] or a command"),
        (["--command", "no-such-program --fast"], "cannot start no-such-program --fast: No such file"),
        (["--command", "'"], "cannot read the command"),
        (["--command", ""], "the command is empty"),
        (["--command", f"{sys.executable} -c 'import sys; print(1, file=sys.stderr)'"], "ended with exit status 0"),
        (["--command", f"{sys.executable} -c 'print(1)'"], "does not list its capabilities: wrote 1"),
        (["right", "--profile", "printed"], "'printed' is not one of"),
        (["right", "-k", "FER-XYZ"], "no check's id contains 'FER-XYZ'"),
        (["right", "--time-limit", "0"], "the time limit is 0 seconds: it must be above 0"),
        (["right", "--time-limit", "nan"], "the time limit is nan seconds: it must be above 0"),
        (
            ["right", "--time-limit", "inf"],
            "the time limit is inf seconds: it must be above 0 and at most 86400 (one day)",
        ),
        (["right", "--deviations", "absent.toml"], "cannot read absent.toml: No such file"),
    ],
)
def test_a_mistake_of_the_user_is_one_line(ferspec, workplace, words, says):
    status, out, err = ferspec("conform", *words)
    assert (status, out, err.count("\n")) == (2, "", 1)
    assert says in err


def test_an_unknown_profile_is_refused_from_python_too(workplace):
    with pytest.raises(UserError, match="profile 'printed': input should be 'released' or 'paper'"):
        package.conform("right", profile="printed")


def test_the_judge_continues_after_a_crash_of_the_implementation(ferspec, workplace):
    status, out, _ = ferspec("conform", "--command", misbehaving("crash"), "--json")
    assert status == 1
    outcomes = {outcome["check"]: outcome for outcome in json.loads(out)["outcomes"]}
    failed = [outcome for outcome in outcomes.values() if outcome["status"] == "fail"]
    needing = {check.id for check in CHECKS if "monitored_split" in check.needs}
    assert {outcome["check"] for outcome in failed} == needing & outcomes.keys() != set()
    assert all("ended with exit status 3" in outcome["message"] for outcome in failed)
    for clause in ("FER-C-01", "FER-M-07"):
        assert {outcome["status"] for outcome in outcomes.values() if outcome["clause"] == clause} == {"pass"}


def failed(out):
    return {outcome["check"]: outcome for outcome in json.loads(out)["outcomes"] if outcome["status"] == "fail"}


@pytest.mark.parametrize("select", ["", "FER-V-04"])
def test_output_after_an_answer_fails_the_check_that_asked(ferspec, workplace, monkeypatch, select):
    monkeypatch.setattr("ferspec.subjects.implementations.processes.process.PAUSE", 0.1)
    status, out, _ = ferspec("conform", "--command", misbehaving("writes more"), "-k", select, "--json")
    assert (status, failed(out).keys()) == (1, {"FER-V-04"})
    assert failed(out)["FER-V-04"]["message"].startswith("monitored_split: wrote done without a request")


@pytest.mark.parametrize(
    ("select", "said"), [("", "asked for rounded after"), ("FER-V-04", "after its last answer, to")]
)
def test_late_output_after_an_answer_fails_separately(ferspec, workplace, select, said):
    status, out, _ = ferspec("conform", "--command", misbehaving("writes late"), "-k", select, "--json")
    assert (status, json.loads(out)["verdict"], failed(out).keys()) == (1, "fail", {"process"})
    assert failed(out)["process"]["message"].startswith(f"{said} monitored_split: wrote done")
    assert json.loads(out)["counts"]["fail"] == 1


needs_perl = pytest.mark.skipif(shutil.which("perl") is None, reason="there is no perl on this machine")


@needs_perl
def test_an_implementation_in_perl_is_judged(ferspec, workplace):
    status, out, err = ferspec("conform", "--command", shlex.join(PERL), "--json")
    assert (status, err) == (0, "")
    clauses = by_clause(out)
    passed = {clause for clause, found in clauses.items() if found == "pass"}
    assert {"FER-W-01", "FER-W-02", "FER-S-03", "FER-S-05", "FER-S-09", "FER-M-06", "FER-Z-02"} <= passed
    assert clauses["FER-A-06"] == "not_evaluated"


@needs_perl
def test_a_mistake_in_perl_is_found(ferspec, workplace):
    right = Path(PERL[1]).read_text(encoding="utf-8")
    Path("wrong.pl").write_text(right.replace("min( 3, $_ )", "max( 3, $_ )"), encoding="utf-8")
    status, out, _ = ferspec("conform", "--command", "perl wrong.pl", "-k", "FER-W")
    assert status == 1
    assert "FER-W-02" in out


def test_the_suites_own_implementation_is_never_passed(ferspec):
    status, out, _ = ferspec("conform", f"{OWN}:released", "-k", "FER-C-01")
    assert (status, "the subject is the reference" in out) == (2, True)


COPYING = {
    "imports": "from ferspec.implementation import released",
    "imports inside": "from ferspec.reference.metrics import evaluate",
    "imports a module": "import ferspec.reference.weighting as answers",
    "reads a file": "import ferspec; open(ferspec.__file__.replace('__init__', 'reference/metrics')).read()",
    "reads values": "import ferspec.spec; ferspec.spec.load()",
}


@pytest.mark.hostile("implementations that cheat")
@pytest.mark.parametrize("way", COPYING)
@pytest.mark.parametrize("late", [False, True])
def test_an_implementation_that_forwards_to_the_reference_never_passes(ferspec, workplace, way, late):
    Path("copying.py").write_text(
        f"def classes():\n    {COPYING[way]}\n    return released.classes()\n"
        if late
        else f"{COPYING[way]}\ndef classes():\n    return released.classes()\n"
    )
    status, out, err = ferspec("conform", "copying", "-k", "FER-C-01")
    assert status == (1 if late else 2)
    assert "PASS" not in out
    assert late or "not evaluated (the subject is the reference)" in err or "importing copying failed" in err


@pytest.mark.slow
@pytest.mark.parametrize("profile", ["released", "paper"])
def test_the_suites_own_implementation_offers_everything_and_conforms(profile):
    judgement = package.conform(f"{OWN}:{profile}", profile=profile)
    others = [outcome for outcome in judgement.outcomes if outcome.status != "pass"]
    assert judgement.verdict == "not_evaluated"
    (reference,) = (outcome for outcome in others if outcome.clause == "reference")
    assert "the subject is the reference" in reference.message
    # by the paper no batch is dropped, and only the networks of Table 2 are known
    unlisted = [outcome for outcome in others if outcome.message.startswith("architectures does not list")]
    rest = {outcome.clause for outcome in others if outcome not in unlisted} - {"reference"}
    assert rest == (set() if profile == "released" else {"FER-V-03"})
    assert {outcome.clause for outcome in unlisted} == (set() if profile == "released" else {"FER-A-12", "FER-P-07"})


JUNK = [None, True, -1, 1e300, "text", [], {}, [[]], [None], ["a"], {"a": 1}, [[[[1]]]], [{}], [0.5] * 7]


class Answers:
    """Offers everything and gives one answer to all of it."""

    name = "junk"
    offered = frozenset(CATALOGUE)

    def __init__(self, value):
        self.value = value

    def answer(self, capability, arguments):
        return json.loads(json.dumps(self.value))


@pytest.mark.parametrize("junk", JUNK, ids=str)
@pytest.mark.parametrize("profile", ["released", "paper"])
def test_no_answer_of_an_implementation_crashes_a_check(profile, junk):
    subject = ImplementationSubject(Answers(junk), profile)
    statuses = {check.id: check.run(subject).status for check in CHECKS}
    assert statuses["FER-C-01"] == "fail"


def test_the_catalogue_lists_every_capability_with_the_clauses_that_need_it(ferspec):
    status, out, _ = ferspec("conform", "--list", "--json")
    entries = {entry["name"]: entry for entry in json.loads(out)}
    assert status == 0
    assert list(entries) == list(CATALOGUE)
    assert entries["class_weights"]["clauses"] == ["FER-W-01", "FER-W-02"]
    assert entries["class_weights"]["signature"] == "class_weights(counts: list[int], balancing: str) -> list[float]"
    _, page, _ = ferspec("conform", "--list")
    assert all(entry.signature in page for entry in CATALOGUE.values())


@pytest.mark.parametrize("name", CATALOGUE)
def test_every_capability_is_needed_by_some_clause(name):
    assert catalogue.clauses_by_capability()[name]


def test_the_table_in_the_docs_is_the_catalogue():
    page = catalogue.PATH.read_text(encoding="utf-8")
    assert catalogue.BEGIN in page
    assert page == catalogue.generated(page), "run: python -m ferspec.report.catalogue"


def test_the_skeleton_offers_nothing_until_it_is_filled_in(ferspec, workplace, monkeypatch):
    status, out, _ = ferspec("conform", "--init", "mine")
    assert status == 0
    assert {path.name for path in Path("mine").iterdir()} == {"implementation.py", "README.md", "deviations.toml"}
    assert "did you mean mine.implementation?" in ferspec("conform", "mine")[2]
    monkeypatch.chdir("mine")
    status, _, err = ferspec("conform", "implementation")
    assert (status, "offers no capability" in err) == (2, True)
    module = Path("implementation.py")
    stub = '#     """Return the number of images in one training step, over all GPUs.'
    assert stub in module.read_text()
    module.write_text(module.read_text() + "\n\ndef batch_size(gpus):\n    return 32 * gpus\n")
    status, out, _ = ferspec("conform", "implementation")
    assert (status, "0 fail" in out) == (0, True)


def uncommented(skeleton):
    return re.sub("^# ?", "", skeleton, flags=re.MULTILINE)


def test_a_function_of_the_skeleton_that_is_not_filled_in_is_not_evaluated(ferspec, workplace, monkeypatch):
    ferspec("conform", "--init", "mine")
    monkeypatch.chdir("mine")
    module = Path("implementation.py")
    module.write_text(uncommented(module.read_text()))
    status, out, _ = ferspec("conform", "implementation", "--json")
    counts = json.loads(out)["counts"]
    assert (status, counts["not_evaluated"], counts["fail"]) == (2, len(CHECKS), 0)


def test_the_skeleton_has_every_capability_with_its_arguments(ferspec, workplace):
    ferspec("conform", "--init", "mine")
    text = Path("mine/implementation.py").read_text()
    assert not [line for line in text.splitlines() if line != line.rstrip()]
    functions = {node.name: node for node in ast.parse(uncommented(text)).body if isinstance(node, ast.FunctionDef)}
    assert list(functions) == list(CATALOGUE)
    for name, function in functions.items():
        assert tuple(argument.arg for argument in function.args.args) == CATALOGUE[name].arguments


def test_a_skeleton_replaces_no_file(ferspec, workplace):
    Path("mine").mkdir()
    Path("mine/deviations.toml").write_text("mine")
    status, out, err = ferspec("conform", "--init", "mine")
    assert (status, out, "already exists" in err) == (2, "", True)
    assert [path.name for path in Path("mine").iterdir()] == ["deviations.toml"]


MAIN = [sys.executable, "-c", "from ferspec.cli import main; main()"]
unix = pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such signals")


@unix
@pytest.mark.parametrize(
    ("number", "code"), [(signal.SIGINT, INTERRUPTED), *((number, STOPPED + number) for number in ENDING)]
)
def test_a_signal_ends_the_judge_and_what_it_started(workplace, number, code):
    Path("slow.py").write_text(
        "import os, time\n"
        "def classes():\n"
        "    open(os.path.join(os.environ['TMPDIR'], 'begun'), 'w').close()\n"
        "    time.sleep(600)\n"
    )
    temporary = workplace / "temporary"
    temporary.mkdir()
    words, environment = [*MAIN, "conform", "slow"], os.environ | {"TMPDIR": str(temporary)}
    judge = subprocess.Popen(words, stderr=subprocess.PIPE, text=True, preexec_fn=hear_signals, env=environment)
    wait_until(lambda: list(temporary.glob("*/inside/tmp/begun")))
    started = psutil.Process(judge.pid).children(recursive=True)
    judge.send_signal(number)
    _, err = judge.communicate(timeout=120)
    assert (judge.returncode, NOTHING_KEPT in err) == (code, code == INTERRUPTED)
    assert err.count("\n") == (code == INTERRUPTED)
    assert started
    assert not [process for process in started if alive(process.pid)]
    assert list(temporary.iterdir()) == []


def test_a_judgement_leaves_the_signals_as_they_were(ferspec, workplace):
    before = [signal.getsignal(number) for number in ENDING]
    ferspec("conform", "right", "-k", "FER-C-01")
    assert [signal.getsignal(number) for number in ENDING] == before


@pytest.mark.parametrize("number", ENDING)
def test_a_signal_that_was_to_be_ignored_still_is(number):
    before = signal.signal(number, signal.SIG_IGN)
    try:
        with ended_in_order():
            assert signal.getsignal(number) == signal.SIG_IGN
    finally:
        signal.signal(number, before)


@unix
@pytest.mark.parametrize("words", [["conform", "right", "-k", "FER-C-01"], ["conform", "--list", "--json"]])
def test_a_closed_output_pipe_is_not_a_failure(workplace, words):
    read, written = os.pipe()
    os.close(read)
    judge = run([*MAIN, *words], stdout=written)
    os.close(written)
    assert (judge.returncode, judge.stderr) == (UNREAD, "")
