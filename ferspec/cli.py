"""The commands: each parses its arguments, calls the Python interface and prints what it returns."""

from __future__ import annotations

import inspect
import io
import os
import sys
from typing import Annotated

import typer

import ferspec
from ferspec.commands import audit, certify, compare, conform, contract, evaluate, grid, models, spec, train, verify
from ferspec.errors import UserError

# what a shell expects of a program that was stopped by Ctrl-C
INTERRUPTED = 130
# and of one whose reader has gone, as "head" goes
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
    """Run the command line; a mistake of the user's is one line on stderr and exit status 2."""
    # a name in another script must not stop a report on a terminal that cannot show it
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")
    try:
        status = app(prog_name="ferspec", standalone_mode=False)
        sys.stdout.flush()
    except BrokenPipeError:
        status = unread()
    except SystemExit as stopped:
        # what a library makes of a broken pipe
        if not isinstance(stopped.__context__, BrokenPipeError):
            raise
        status = unread()
    except UserError as error:
        status = refused(str(error))
    except typer.TyperException as error:
        status = mistyped(error)
    except typer.Abort:
        status = INTERRUPTED
    raise SystemExit(status)


def mistyped(error: typer.TyperException) -> int:
    """Print what is wrong with a command line and which help shows how, or nothing more where help was printed."""
    if not error.format_message():
        return 2
    context = getattr(error, "ctx", None)
    return refused(f"{error.format_message()} ({context.command_path if context else 'ferspec'} --help shows how)")


def refused(message: str) -> int:
    """Print one harmless line, whatever names it holds, and return the exit status of what cannot be evaluated."""
    from ferspec.report.words import plain

    print(f"ferspec: {plain(message)}", file=sys.stderr)
    return 2


def unread() -> int:
    """Let what is still to be written go nowhere, and return the exit status of output that nobody reads."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return UNREAD
