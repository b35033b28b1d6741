"""Sandboxes of every strength, programs that try to leave them, and an ordinary user to run them as."""

import shutil
import subprocess
import sys
from pathlib import Path

from ferspec.subjects.sandbox.filters import compiled_filter
from ferspec.subjects.sandbox.policy import Policy
from ferspec.subjects.sandbox.start import start
from ferspec.subjects.sandbox.wrappers import wrappers

SECONDS = 120
LAYERS = {
    "all": {"bwrap", "landlock", "seccomp"},
    "unshare with the rest": {"unshare", "landlock", "seccomp"},
    "no namespaces": {"landlock", "seccomp"},
    "bwrap": {"bwrap"},
    "unshare": {"unshare"},
    "none": set(),
}


def missing(layers):
    """Return the tools of these layers that do not work on this machine."""
    tools = LAYERS[layers]
    working = {wrapper.tool for wrapper in wrappers(frozenset(tools))}
    lacking = tools & {"bwrap", "unshare"} - working
    if "seccomp" in tools and compiled_filter(False) is None:
        lacking.add("seccomp")
    if "landlock" in tools and not has_landlock():
        lacking.add("landlock")
    return sorted(lacking)


def has_landlock():
    if sys.platform != "linux":
        return False
    import landlock

    try:
        return landlock.landlock_abi_version() > 0
    except OSError:
        return False


def sandboxed(program, layers="all", readable=(), **policy):
    """Start a Python program in a sandbox of the given layers."""
    words = [sys.executable, "-c", program]
    return start(words, Policy(readable=tuple(readable), **policy), None, frozenset(LAYERS[layers]))


def finished(running):
    """Return what a program in a sandbox wrote, and why it ended; end it."""
    try:
        out, err = running.process.communicate(timeout=SECONDS)
        return out.decode().strip(), err.decode().strip(), running.why_ended()
    finally:
        running.end()


def written_by(program, layers="all", **policy):
    """Return what a Python program writes in a sandbox, which must end it with exit status 0."""
    out, err, why = finished(sandboxed(program, layers, **policy))
    assert why == "ended with exit status 0", err
    return out


def as_ordinary_user():
    """Return the words that start Python as an ordinary user, or None if this user cannot do so."""
    interpreter = f"python{sys.version_info.major}.{sys.version_info.minor}"
    path = ":".join(entry for entry in sys.path if entry)
    if shutil.which("setpriv") is None:
        return None
    words = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "env", f"PYTHONPATH={path}", "HOME=/tmp"]
    for program in (sys.executable, shutil.which(interpreter, path="/usr/local/bin:/usr/bin")):
        if program is None:
            continue
        trial = [*words, program, "-B", "-c", "import ferspec.subjects.sandbox, landlock"]
        if subprocess.run(trial, capture_output=True, timeout=SECONDS, check=False).returncode == 0:
            return [*words, program, "-B"]
    return None


def left_in(folder):
    """Return what sandboxes left in a folder for temporary files."""
    return sorted(path.name for path in Path(folder).glob("ferspec-sandbox-*"))
