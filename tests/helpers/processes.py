"""Processes with a time limit, started by tests."""

import subprocess
import sys

# shorter than the time limit of a test, so that it fails with the command that hangs
SECONDS = 280
# the beginning of a program that uses Keras, which otherwise also loads what such programs do not need
START_KERAS = """
from ferspec.subjects.models.quiet import keras as start, without_optional_packages

with without_optional_packages():
    start()
"""


def run(words, seconds=SECONDS, **options):
    """Run a command and return its exit status and output; ``options`` are those of ``subprocess.run``."""
    defaults = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    return subprocess.run([*map(str, words)], timeout=seconds, **(defaults | options))


def run_python(program, *arguments, **options):
    """Run a program in a Python of its own, as ``run`` does."""
    return run([sys.executable, "-c", program, *arguments], **options)


def run_ferspec(*words, **options):
    """Run the command line in a Python of its own, as ``run`` does."""
    return run([sys.executable, "-m", "ferspec", *words], **options)


def run_pytest(*words, **options):
    """Run pytest, without its cache and what takes long to import, in a Python of its own, as ``run`` does."""
    plugins = ("cacheprovider", "hypothesispytest", "benchmark", "anyio", "random_order")
    return run([sys.executable, "-m", "pytest", *(f"-pno:{name}" for name in plugins), *words], **options)
