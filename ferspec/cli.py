"""The command line: each command parses its arguments, calls the Python interface and prints the result."""

from __future__ import annotations

import inspect
from pathlib import Path
from typing import Annotated

import typer

import ferspec
from ferspec.commands import (
    audit,
    certify,
    compare,
    conform,
    contract,
    dataset,
    edge,
    evaluate,
    grid,
    models,
    recommend,
    report,
    spec,
    train,
    verify,
)
from ferspec.commands.endings import DEFECT, INTERRUPTED, REFUSED, Stopped, defect, ended, interrupted, refused
from ferspec.commands.registering import add_commands
from ferspec.commands.streams import flush, open_streams
from ferspec.errors import SubjectError, UserError, one_line
from ferspec.extras import EXTRA_OF, missing_extra

# exit status that shells expect after writing to a closed pipe, such as that of "head"
UNREAD = 141

app = typer.Typer(
    name="ferspec",
    help="Judge facial expression recognition by one published protocol: its specification, made executable.",
    epilog="Example: ferspec certify demo",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
)
add_commands(app, certify, audit, compare, conform, train, verify, evaluate, edge, recommend, report)
app.add_typer(contract.app, name="contract")
app.add_typer(dataset.app, name="dataset")
app.add_typer(grid.app, name="grid")
app.add_typer(models.app, name="models")
app.add_typer(spec.app, name="spec")

for group in (app, contract.app, dataset.app, grid.app, models.app, spec.app):
    for command in group.registered_commands:
        # one line for each paragraph, which help then breaks where the terminal ends
        paragraphs = (inspect.getdoc(command.callback) or "").split("\n\n")
        command.help = "\n\n".join(" ".join(paragraph.split()) for paragraph in paragraphs)


@app.callback(invoke_without_command=True)
def root(
    version: Annotated[
        bool, typer.Option("--version", "-V", help="Print the version and exit.", is_eager=True)
    ] = False,
) -> None:
    if version:
        print(f"ferspec {ferspec.__version__}")
        raise typer.Exit


def main() -> None:
    """Run the command line; print a user's mistake as one line on stderr, with exit status 2."""
    if not open_streams():
        raise SystemExit(refused("standard output is closed: open it, or send it to a file", "system"))
    status = _status()
    failure = flush()
    if failure is not None and status not in (REFUSED, DEFECT, INTERRUPTED):
        status = _unwritten(failure)
    raise SystemExit(status)


def _status() -> int | None:
    """Run the command, and return its exit status; None is 0."""
    try:
        _require_working_directory()
        status = app(prog_name="ferspec", standalone_mode=False)
        return interrupted() if status == INTERRUPTED else status
    except SystemExit as stopped:
        # some libraries turn a broken pipe into an exit
        if not isinstance(stopped.__context__, BrokenPipeError):
            raise
        return UNREAD
    except KeyboardInterrupt:
        return interrupted()
    except Stopped as stop:
        return interrupted(str(stop))
    except UserError as error:
        return refused(str(error))
    except ModuleNotFoundError as error:
        if error.name in EXTRA_OF:
            return refused(str(missing_extra("this", error.name)))
        return defect(error)
    except SubjectError as error:
        return ended("subject", f"FAIL: {error}", 1)
    except typer.TyperException as error:
        return _mistyped(error)
    except typer.Abort:
        return interrupted()
    except OSError as error:
        failure = error if isinstance(error, BrokenPipeError) else flush()
        return refused(_problem(error), "system") if failure is None else _unwritten(failure)
    except Exception as error:
        return defect(error)


def _require_working_directory() -> None:
    """Raise ``UserError`` if another process removed the working directory."""
    try:
        Path.cwd()
    except OSError as error:
        raise UserError(f"the working directory cannot be read ({error.strerror}): change to another one") from None


def _unwritten(failure: OSError) -> int:
    if isinstance(failure, BrokenPipeError):
        return UNREAD
    return refused(f"cannot write to standard output: {failure.strerror}", "system")


def _problem(error: OSError) -> str:
    """Return what the operating system refused, with the file."""
    reason = error.strerror or one_line(error)
    return f"{error.filename if error.filename is not None else 'standard output, or a file'}: {reason}"


def _mistyped(error: typer.TyperException) -> int:
    """Say what is wrong with a command line and which help explains it; say nothing after help."""
    if not error.format_message():
        return REFUSED
    context = getattr(error, "ctx", None)
    path = context.command_path if context else "ferspec"
    return refused(f"{error.format_message()} ({path} --help shows how)", "usage")
