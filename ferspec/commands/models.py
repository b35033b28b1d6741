"""ferspec models"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ferspec.commands.options import Json
from ferspec.errors import UserError
from ferspec.spec.layers import Pooling
from ferspec.spec.records import Profile

app = typer.Typer(
    help="The networks of the protocol: show, build, save and fuse them.",
    epilog="Example: ferspec models show ResNet18 --resolution 48",
    no_args_is_help=True,
)

Name = Annotated[str, typer.Argument(metavar="NAME", help="A network, such as VGG16 or 'Sequential 3 Conv'.")]
Resolution = Annotated[
    int,
    typer.Option("--resolution", "-r", metavar="R", help="Height and width in pixels; the protocol has 48 and 224."),
]
Weights = Annotated[
    str | None,
    typer.Option(
        "--weights", "-w", metavar="W", help="imagenet, vggface, scratch or a file; by default as in the runs."
    ),
]
ProfileOption = Annotated[Profile, typer.Option("--profile", "-p", help="As the networks were run, or as in print.")]
PoolingOption = Annotated[Pooling | None, typer.Option("--pooling", help="The pooling of the head on a base.")]
Force = Annotated[bool, typer.Option("--force", help="Replace an existing network and contract.")]
Out = Annotated[Path, typer.Option("--out", "-o", metavar="FILE", help="Where to write, a .keras file.")]


@app.command("list", epilog="Example: ferspec models list --json")
def list_(json: Json = False) -> None:
    """List the networks as the protocol trained them: resolution, initial weights and parameters."""
    from ferspec import zoo
    from ferspec.commands.tables.models import print_list

    print_list(zoo.listed(), as_json=json)


@app.command(epilog="Example: ferspec models show ResNet18 --resolution 48 --plot resnet18.svg")
def show(
    name: Name,
    resolution: Resolution = 48,
    weights: Weights = None,
    profile: ProfileOption = "released",
    pooling: PoolingOption = None,
    plot: Annotated[
        Path | None, typer.Option("--plot", metavar="FILE", help="Draw the network, layer by layer, as an SVG.")
    ] = None,
    json: Json = False,
) -> None:
    """Show a network layer by layer: parameters, operations, memory, shapes, weights, place in the paper, errata."""
    from ferspec import zoo
    from ferspec.commands.tables.models import print_network
    from ferspec.files import write_whole

    if plot is not None and plot.suffix.lower() != ".svg":
        raise UserError(f"{plot} must end in .svg: only SVG is supported")
    shown = zoo.describe(name, resolution, weights, profile, pooling)
    if plot is not None:
        from ferspec.report.network_plot import draw

        write_whole(plot, draw(shown.layers, f"{shown.name} at {resolution}x{resolution}, {profile}"))
    print_network(shown, as_json=json)


@app.command(epilog="Example: ferspec models build ResNet50 -r 224 -w vggface --weights-dir weights/ -o resnet50.keras")
def build(
    name: Name,
    out: Out,
    resolution: Resolution = 48,
    weights: Weights = None,
    profile: ProfileOption = "released",
    pooling: PoolingOption = None,
    weights_dir: Annotated[
        Path | None,
        typer.Option(
            "--weights-dir", metavar="DIR", help="The folder of the published weights; nothing is downloaded then."
        ),
    ] = None,
    force: Force = False,
    json: Json = False,
) -> None:
    """Build a network with its initial weights, and save it with its contract."""
    from ferspec import zoo
    from ferspec.commands.tables.models import print_built

    source = None if weights is None else Path(weights_dir or "", weights)
    zoo.require_target(out, force, source)
    built = zoo.build_network(name, resolution, weights, 7, profile, pooling, weights_dir)
    contract = zoo.save(built, out, force)
    print_built(built, out, contract, as_json=json)


@app.command(epilog="Example: ferspec models fuse trained.keras --out fused.keras")
def fuse(
    model: Annotated[str, typer.Argument(metavar="MODEL", help="A trained RepVGG of the profile paper, as .keras.")],
    out: Out,
    force: Force = False,
    json: Json = False,
) -> None:
    """Fold the three branches of each RepVGG block into one 3x3 convolution: the same outputs, faster."""
    from ferspec import zoo
    from ferspec.commands.tables.models import print_fused

    print_fused(zoo.fuse(model, out, force), model, out, as_json=json)
