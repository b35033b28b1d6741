"""ferspec contract"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ferspec.api.requests import MODEL_FILES
from ferspec.commands import options

app = typer.Typer(
    help="What a model declares of its input and output.",
    epilog="Example: ferspec contract init model.onnx",
    no_args_is_help=True,
)


@app.command(epilog="Example: ferspec contract init model.tflite")
def init(
    model: Annotated[str, typer.Argument(metavar="MODEL", help=f"{MODEL_FILES}.")],
    out: Annotated[
        Path | None, typer.Option("--out", "-o", metavar="FILE", help="By default MODEL.contract.toml.")
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace an existing contract.")] = False,
    trust_code: options.TrustCode = False,
    json: options.Json = False,
) -> None:
    """Write a contract from the information in a model file; list everything else as assumed."""
    import json as jsonlib

    from ferspec.errors import UserError
    from ferspec.subjects.models import Model
    from ferspec.subjects.models.contracts.files import begun_contract, infer_contract, save_contract
    from ferspec.subjects.models.from_names import contract_path, open_source
    from ferspec.subjects.runs.artifacts.record import CONTRACT, is_run

    if is_run(model):
        raise UserError(f"{model} is the folder of a training, and has a contract: {Path(model, CONTRACT)}")
    path = out or contract_path(model)
    begun = begun_contract(path)
    if path.exists() and begun is None and not force:
        raise UserError(f"{path} already exists: edit it, or replace it with --force")
    source = open_source(model, trust_code, contract=begun)
    if not isinstance(source, Model):
        raise UserError(f"{model} is a file of predictions: it needs no contract")
    contract, notes = infer_contract(source)
    if begun is not None:
        contract = contract.model_copy(update={"architecture": begun.architecture})
    save_contract(contract, path, notes)
    if json:
        print(jsonlib.dumps({"path": str(path), "contract": contract.model_dump(mode="json"), "notes": notes}))
        return
    print(f"wrote {path}")
    for key, note in notes.items():
        print(f"  {key:<15} {note}")
    if contract.assumed:
        print(
            f"assumed entries: {len(contract.assumed)}; check each, then remove its name from 'assumed' in {path.name}"
        )
