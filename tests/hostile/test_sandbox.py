"""What a program in a sandbox cannot do, with every tool that isolates and with none of them."""

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

import psutil
import pytest

from ferspec.subjects.sandbox.places import PACKAGE, SPECIFICATION
from ferspec.subjects.sandbox.policy import Policy
from ferspec.subjects.sandbox.start import start
from helpers.processes import run
from helpers.sandboxes import LAYERS, SECONDS, as_ordinary_user, finished, left_in, missing, sandboxed, written_by
from helpers.waiting import alive, wait_until

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="only Linux isolates processes")
ISOLATED = [name for name in LAYERS if name not in ("none", "unshare")]
# tries something, and writes the result
TRY = """
import ctypes, os, signal, socket, sys
try:
    result = {expression}
except BaseException as error:
    print("refused", type(error).__name__)
else:
    print("reached", result)
"""
LIBC = "ctypes.CDLL(None, use_errno=True)"


@pytest.fixture(params=LAYERS)
def layers(request):
    """The names of the tools that may isolate, each set of them in turn."""
    return usable(request.param)


@pytest.fixture(params=ISOLATED)
def isolated(request):
    """As ``layers``, but only those that isolate files, network and processes."""
    return usable(request.param)


@pytest.fixture(autouse=True)
def temporary(tmp_path, monkeypatch):
    """The folder for temporary files, in which no sandbox may leave anything."""
    monkeypatch.setenv("SECRET_OF_THE_JUDGE", "labels")
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(folder))
    yield folder
    assert left_in(folder) == []


def usable(name):
    if lacking := missing(name):
        pytest.skip(f"does not work on this machine: {', '.join(lacking)}")
    return name


def tried(expression, layers, **policy):
    """Return "reached" with a result, or "refused" with a reason."""
    return written_by(TRY.replace("{expression}", expression), layers, **policy)


READING = {
    "the dataset": lambda dataset: f"open({str(dataset / 'angry.png')!r}).read()",
    "the names of the dataset": lambda dataset: f"os.listdir({str(dataset)!r})",
    "the specification": lambda dataset: f"open({str(SPECIFICATION / 'classes.toml')!r}).read()",
    "users": lambda dataset: "open('/etc/passwd').read()",
    "passwords": lambda dataset: "open('/etc/shadow').read()",
    "home": lambda dataset: f"os.listdir({str(Path.home())!r}).index('.bashrc')",
    "the root": lambda dataset: "os.listdir('/').index('home')",
    "by handle": lambda dataset: f"1 / (1 + {LIBC}.open_by_handle_at(-100, 0, 0))",
}


@pytest.mark.hostile("models that cheat")
@pytest.mark.parametrize("what", READING)
def test_nothing_outside_is_read(isolated, what, tmp_path):
    dataset = tmp_path / "dataset"
    dataset.mkdir()
    (dataset / "angry.png").write_text("picture")
    assert tried(READING[what](dataset), isolated).startswith("refused")


def test_what_is_declared_is_read_and_what_is_hidden_in_it_is_not(isolated, tmp_path):
    (tmp_path / "code" / "data").mkdir(parents=True)
    (tmp_path / "code" / "model.txt").write_text("weights")
    (tmp_path / "code" / "data" / "labels.txt").write_text("labels")
    policy = {"readable": [tmp_path / "code"], "hidden": (tmp_path / "code" / "data",)}
    assert tried(f"open({str(tmp_path / 'code' / 'model.txt')!r}).read()", isolated, **policy) == "reached weights"
    for expression in ("open({!r} + '/labels.txt').read()", "os.listdir({!r})"):
        assert tried(expression.format(str(tmp_path / "code" / "data")), isolated, **policy).startswith("refused")


def test_code_beside_something_hidden_is_imported(isolated, tmp_path):
    (tmp_path / "code" / "dataset").mkdir(parents=True)
    (tmp_path / "code" / "main_module.py").write_text("import helping.module as other; found = other.found")
    (tmp_path / "code" / "helping").mkdir()
    (tmp_path / "code" / "helping" / "__init__.py").write_text("")
    (tmp_path / "code" / "helping" / "module.py").write_text("found = 7")
    program = (
        f"import sys; sys.path.append({str(tmp_path / 'code')!r})\n"
        "from ferspec.subjects.unlisted import import_from_unlisted_folders\n"
        "import_from_unlisted_folders()\n"
        "import main_module; print(main_module.found)"
    )
    policy = {"readable": [tmp_path / "code"], "hidden": (tmp_path / "code" / "dataset",)}
    assert written_by(program, isolated, **policy) == "7"


def test_what_a_link_in_a_declared_folder_points_to_is_not_read(isolated, tmp_path):
    (tmp_path / "secret.txt").write_text("labels")
    (tmp_path / "code").mkdir()
    (tmp_path / "code" / "link").symlink_to(tmp_path / "secret.txt")
    found = tried(f"open({str(tmp_path / 'code' / 'link')!r}).read()", isolated, readable=[tmp_path / "code"])
    assert found.startswith("refused")


@pytest.mark.hostile("models that cheat")
@pytest.mark.parametrize("where", ["the declared folder", "beside it", "ferspec", "the system"])
def test_nothing_outside_is_written(isolated, where, tmp_path):
    declared = tmp_path / "code"
    declared.mkdir()
    folders = {"the declared folder": declared, "beside it": tmp_path, "ferspec": PACKAGE, "the system": Path("/usr")}
    file = folders[where] / "written_by_a_subject"
    found = tried(f"open({str(file)!r}, 'w')", isolated, readable=[declared])
    # beside it there may be the scratch folder, which has the name of another inside
    assert found.startswith("refused") or where == "beside it"
    assert not file.exists()


REACHING = {
    "signals the judge": "os.kill({judge}, 0)",
    "reads the judge's command line": "open('/proc/{judge}/cmdline').read().index('py')",
    "reads the judge's memory": "open('/proc/{judge}/mem', 'rb').read(1)",
    "traces the judge": f"1 / (1 + {LIBC}.ptrace(16, {{judge}}, 0, 0))",
    "changes the judge's limits": "__import__('resource').prlimit({judge}, 7, (9, 9))",
    "lowers its own guard": f"1 / (1 + {LIBC}.setns(os.open('/proc/{{judge}}/ns/net', 0), 0))",
}


@pytest.mark.hostile("models that cheat")
@pytest.mark.parametrize("way", REACHING)
def test_the_judge_is_out_of_reach(isolated, way):
    assert tried(REACHING[way].format(judge=os.getpid()), isolated).startswith("refused")


@pytest.mark.hostile("models that cheat")
@pytest.mark.parametrize("kind", ["TCP", "abstract", "named"])
def test_no_socket_is_reached(isolated, kind, tmp_path):
    with socket.socket(socket.AF_INET if kind == "TCP" else socket.AF_UNIX) as server:
        server.bind({"TCP": ("127.0.0.1", 0), "abstract": f"\0ferspec{os.getpid()}", "named": "named"}[kind])
        server.listen()
        address = str(Path("named").absolute()) if kind == "named" else server.getsockname()
        connect = f"socket.socket(socket.{server.family.name}).connect({address!r})"
        found = tried(connect, isolated)
    Path("named").unlink(missing_ok=True)
    assert found.startswith("refused")


def test_the_environment_of_the_judge_is_invisible(layers):
    assert "SECRET" not in tried("dict(os.environ)", layers)


def test_no_other_file_is_inherited(layers, tmp_path):
    with open(tmp_path / "open", "w") as file:
        os.set_inheritable(file.fileno(), True)
        # 3 is the folder that is listed
        assert tried("sorted(os.listdir('/proc/self/fd'))", layers) == "reached ['0', '1', '2', '3']"


def test_the_working_folder_is_empty_and_files_in_the_scratch_folder_work(layers):
    assert tried("os.listdir('.')", layers) == "reached []"
    assert tried("open(os.environ['TMPDIR'] + '/a', 'w').write('a')", layers) == "reached 1"
    assert tried("open(os.path.expanduser('~/a'), 'w').write('a')", layers) == "reached 1"


def test_what_is_written_is_removed_with_closed_and_deep_folders(layers):
    deep = "[(os.mkdir('d'), os.chdir('d')) for _ in range(1500)], os.chmod('.', 0), os.mkdir('/proc/self')"
    assert tried(deep, layers).startswith("refused")


def test_no_process_starts_unless_the_policy_allows_it(isolated):
    if "seccomp" not in LAYERS[isolated]:
        pytest.skip("without seccomp processes are counted, not refused")
    assert tried("os.fork()", isolated) == "refused PermissionError"
    assert tried("__import__('subprocess').run(['true'])", isolated) == "refused PermissionError"
    assert tried("[t := __import__('threading').Thread(), t.start(), t.join()][1:]", isolated) == "reached [None, None]"
    assert tried("__import__('subprocess').run(['true']).returncode", isolated, may_start_processes=True) == "reached 0"


BOMB = """
import os, time
for _ in range(300):
    if os.fork() == 0:
        os.setsid()
        time.sleep(600)
time.sleep(600)
"""


@pytest.mark.hostile("subjects that exit, crash, hang or flood")
def test_no_fork_bomb_survives(layers):
    running = sandboxed(BOMB, layers, may_start_processes=True, most_processes=20)
    started = wait_until(lambda: psutil.Process(running.process.pid).children(recursive=True))
    _, _, why = finished(running)
    assert why == "started more than 20 processes"
    wait_until(lambda: not [process for process in started if alive(process.pid)])


@pytest.mark.hostile("subjects that exit, crash, hang or flood")
def test_memory_is_limited(layers):
    running = sandboxed("x = b'1' * 400_000_000\nimport time\ntime.sleep(600)", layers, memory=300 << 20)
    assert finished(running)[2] == "used more than 300 MiB of memory"


def test_the_reason_of_an_end_is_named(layers):
    reasons = {
        "raise SystemExit(3)": "ended with exit status 3",
        "import ctypes; ctypes.string_at(0)": "was killed by SIGSEGV",
        "import signal; signal.signal(25, signal.SIG_DFL); open('a', 'wb').truncate(5 << 30)": "size limit",
    }
    for program, reason in reasons.items():
        assert reason in finished(sandboxed(program, layers))[2]


def test_a_program_that_does_not_exist_is_named(layers):
    with pytest.raises(FileNotFoundError):
        start(["no-such-program"], Policy(), None, frozenset(LAYERS[layers]))
    with pytest.raises(OSError, match=r"Exec format error|Permission denied|No such file"):
        start(["/etc/hostname"], Policy(), None, frozenset(LAYERS[layers]))


def test_only_what_was_tried_is_said_to_be_enforced(layers):
    running = sandboxed("pass", layers)
    finished(running)
    found = running.isolation
    assert (found.files, found.network, found.processes) == {
        "unshare": (False, False, True),
        "none": (False, False, False),
    }.get(layers, (True, True, True))
    assert set(found.tools) == LAYERS[layers]
    assert found.complete == (layers in ISOLATED)


def test_a_program_outlives_the_thread_that_started_it(layers):
    found = []
    starting = threading.Thread(target=lambda: found.append(sandboxed("input(); print('here')", layers)))
    starting.start()
    starting.join(SECONDS)
    time.sleep(0.3)
    found[0].process.stdin.write(b"\n")
    assert finished(found[0])[0] == "here"


JUDGE = """
import sys, tempfile, time
from helpers.sandboxes import sandboxed
tempfile.tempdir = sys.argv[2]
program = "import os, time\\nif {fork}: os.fork() and os.setsid()\\nprint(1, flush=True)\\ntime.sleep(600)"
running = sandboxed(program.format(fork=sys.argv[3]), sys.argv[1], may_start_processes=True)
running.process.stdout.read(2)
print(running.process.pid, flush=True)
time.sleep(600)
"""


@pytest.mark.parametrize("fork", [False, True])
def test_no_process_outlives_a_killed_judge_and_the_next_removes_its_files(layers, temporary, fork, monkeypatch):
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    words = [sys.executable, "-c", JUDGE, layers, str(temporary), str(fork)]
    with subprocess.Popen(words, stdout=subprocess.PIPE, text=True, env=environment) as judge:
        first = psutil.Process(int(judge.stdout.readline()))
        started = [first, *first.children(recursive=True)]
        judge.send_signal(signal.SIGKILL)
    wait_until(lambda: not [process for process in started if alive(process.pid)], SECONDS)
    assert len(left_in(temporary)) == 1
    monkeypatch.setattr("ferspec.subjects.sandbox.scratch.SETTLED", -1)
    written_by("pass", layers)


AS_USER = """
import sys, tempfile
from helpers.sandboxes import LAYERS, missing, sandboxed, finished
tempfile.tempdir = sys.argv[2]
running = sandboxed("import os; print(os.getpid())", sys.argv[1])
print(missing(sys.argv[1]), finished(running)[1:], running.isolation.complete)
"""


@pytest.mark.parametrize("name", ISOLATED)
def test_an_ordinary_user_has_a_sandbox_too(name, temporary):
    words = as_ordinary_user() if os.getuid() == 0 else None
    if words is None:
        pytest.skip("this user is an ordinary one, or cannot become one")
    for folder in (temporary, *temporary.parents[:3]):
        folder.chmod(0o777 if folder == temporary else 0o755)
    ended = run([*words, "-c", AS_USER, name, temporary])
    assert ended.stdout.strip() in ("[] ('', 'ended with exit status 0') True", ""), ended.stderr
    if not ended.stdout.startswith("[]"):
        pytest.skip("does not work for an ordinary user on this machine")
