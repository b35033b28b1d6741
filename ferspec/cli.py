"""The command line: each command parses its arguments, calls the Python interface and prints the result."""

from __future__ import annotations

import inspect
import io
import os
import sys
from typing import Annotated

import typer

import ferspec
from ferspec.commands import audit, certify, compare, conform, contract, evaluate, grid, models, spec, train, verify
from ferspec.errors import SubjectError, UserError

# exit status that shells expect after Ctrl-C
INTERRUPTED = 130
# exit status that shells expect after writing to a closed pipe, such as that of "head"
UNREAD = 141

app = typer.Typer(
    name="ferspec",
    help="Judge facial expression recognition by one published protocol: its specification, made executable.",
    epilog="Example: ferspec certify demo",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
)
app.command("certify", epilog=certify.EXAMPLE)(certify.certify)
app.command("audit", epilog=audit.EXAMPLE)(audit.audit)
app.command("compare", epilog=compare.EXAMPLE)(compare.compare)
app.command("conform", epilog=conform.EXAMPLE)(conform.conform)
app.command("train", epilog=train.EXAMPLE)(train.train)
app.command("verify", epilog=verify.EXAMPLE)(verify.verify)
app.command("evaluate", epilog=evaluate.EXAMPLE)(evaluate.evaluate)
app.add_typer(contract.app, name="contract")
app.add_typer(grid.app, name="grid")
app.add_typer(models.app, name="models")
app.add_typer(spec.app, name="spec")

for group in (app, contract.app, grid.app, models.app, spec.app):
    for command in group.registered_commands:
        # one line for each paragraph, which help then breaks where the terminal ends
        paragraphs = (inspect.getdoc(command.callback) or "").split("\n\n")
        command.help = "\n\n".join(" ".join(paragraph.split()) for paragraph in paragraphs)


@app.callback(invoke_without_command=True)
def root(
    version: Annotated[bool, typer.Option("--version", help="Print the version and exit.", is_eager=True)] = False,
) -> None:
    if version:
        print(f"ferspec {ferspec.__version__}")
        raise typer.Exit


def main() -> None:
    """Run the command line; print a user's mistake as one line on stderr, with exit status 2."""
    # a terminal that cannot show a character must not stop a report
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")
    try:
        status = app(prog_name="ferspec", standalone_mode=False)
        sys.stdout.flush()
    except BrokenPipeError:
        status = closed_pipe()
    except SystemExit as stopped:
        # some libraries turn a broken pipe into an exit
        if not isinstance(stopped.__context__, BrokenPipeError):
            raise
        status = closed_pipe()
    except UserError as error:
        status = refused(str(error))
    except SubjectError as error:
        status = failed(str(error))
    except typer.TyperException as error:
        status = mistyped(error)
    except typer.Abort:
        status = INTERRUPTED
    raise SystemExit(status)


def mistyped(error: typer.TyperException) -> int:
    """Print what is wrong with a command line and which help explains it; print nothing after help."""
    if not error.format_message():
        return 2
    context = getattr(error, "ctx", None)
    return refused(f"{error.format_message()} ({context.command_path if context else 'ferspec'} --help shows how)")


def refused(message: str) -> int:
    """Print a message as one line, without control characters, and return exit status 2."""
    from ferspec.report.words import plain

    print(f"ferspec: {plain(message)}", file=sys.stderr)
    return 2


def failed(message: str) -> int:
    """Print why a subject fails, as one plain line, and return exit status 1."""
    from ferspec.report.words import plain

    print(f"ferspec: FAIL: {plain(message)}", file=sys.stderr)
    return 1


def closed_pipe() -> int:
    """Discard the rest of the output, and return the exit status for a closed pipe."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return UNREAD
