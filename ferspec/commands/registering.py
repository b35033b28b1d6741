"""Adds commands to an application by their modules."""

from __future__ import annotations

from types import ModuleType

import typer


def add_commands(app: typer.Typer, *modules: ModuleType) -> None:
    """Add the command of each module: a function with the name of the module, and its ``EXAMPLE``."""
    for module in modules:
        name = module.__name__.rpartition(".")[2]
        app.command(name, epilog=module.EXAMPLE)(getattr(module, name))
