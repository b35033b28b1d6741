"""What each verb is asked: a frozen record for each, shared by command line, Python and pytest.

A record says how each field is given on the command line, and renders the command that asks the same again. The
records stand together here, because the command line reads them before it loads anything else.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal, Self

from pydantic import ModelWrapValidatorHandler, ValidationError, model_validator

from ferspec.causes import Origin
from ferspec.errors import UserError
from ferspec.options import Argument, Option, shell_command
from ferspec.records import Record
from ferspec.spec.records import DEFAULT_PROFILE, Profile, Weights
from ferspec.subjects.time_limit import OF_IMPLEMENTATIONS, OF_MODELS

MODEL_FILES = (
    "A model file or folder (.keras, .h5, SavedModel, .tflite, .onnx, .pt2, TorchScript, PyTorch weights, "
    "Hugging Face), package.module:callable"
)
# the least difference that the numbers of images, up to a million, can show
LEAST_MARGIN = 1e-6
NOTHING_TO_DEIDENTIFY = "no pictures are shown that could be deidentified: add --images, or leave out --deidentify"
TRUST_CODE = "Load a model although loading it runs code from its file."

Name = str | Path
ModelName = Annotated[
    Name,
    Argument(
        f"{MODEL_FILES}, the folder of a finished training, a table of predictions, or [bold]demo[/bold].", "MODEL"
    ),
]
DatasetName = Annotated[
    Name | None, Option("A folder per class, or any other form of docs/datasets.md.", ("--dataset", "-d"), "PATH")
]
SplitName = Annotated[
    str | None, Option("The split of the dataset to evaluate, such as test; needed if it has several.")
]
Deviations = Annotated[Name | None, Option("Clauses that are declared to fail, each with its reason.", metavar="TOML")]
Select = Annotated[str, Option("Run only the checks whose id contains TEXT.", ("-k",), "TEXT")]
TrustCode = Annotated[bool, Option(TRUST_CODE)]
TimeLimit = Annotated[
    float, Option("How long one answer may take; a model answers a batch of images at once.", metavar="SECONDS")
]


class Request(Record):
    """What a verb is asked. ``UserError`` for a value that the verb does not know."""

    verb: ClassVar[str]
    # fields that a command for one check leaves out
    of_the_whole: ClassVar[tuple[str, ...]] = ()

    @property
    def reproduce(self) -> str:
        """The shell command that asks the same again, of all checks: an outcome adds the id of its own."""
        return shell_command(("ferspec", *self.verb.split()), self, omit=("select", *self.of_the_whole))

    @model_validator(mode="wrap")
    @classmethod
    def _refuse(cls, fields: Any, build: ModelWrapValidatorHandler[Any]) -> Any:
        try:
            return build(fields)
        except ValidationError as error:
            raise UserError(refusal(error)) from None


def refusal(error: ValidationError) -> str:
    """Return the first mistake in the fields of a record: the field, its value, and what was expected."""
    first = error.errors()[0]
    name = str(first["loc"][0]).replace("_", " ")
    return f"{name} {first['input']!r}: {first['msg'][:1].lower()}{first['msg'][1:]}"


class CertifyRequest(Request):
    """A model to judge, the images to judge it on, and the claims."""

    verb: ClassVar[str] = "certify"
    of_the_whole: ClassVar[tuple[str, ...]] = ("robustness",)

    model: ModelName
    dataset: DatasetName = None
    split: SplitName = None
    contract: Annotated[
        Name | None,
        Option(
            "The contract; by default MODEL.contract.toml, else contract.toml, beside the model.",
            ("--contract", "-c"),
            "FILE",
        ),
    ] = None
    groups: Annotated[
        Name | None, Option("A column for the image and columns to slice the accuracy by.", metavar="CSV")
    ] = None
    clusters: Annotated[
        Name | None,
        Option(
            "A column for the image and one for its cluster, such as twins: intervals allow for them.", metavar="CSV"
        ),
    ] = None
    deviations: Deviations = None
    claims: Annotated[
        tuple[str, ...],
        Option("A claim to judge, such as 'recall[Disgust]>=0.3'; repeatable.", ("--claim",), "CLAIM"),
    ] = ()
    sequential: Annotated[bool, Option("Ask about images in random order; stop when every claim is decided.")] = False
    lineage: Annotated[
        str | None,
        Option(
            "The lineage of the model: a name for all versions of it. Their certifications on the same images are "
            "counted in a record beside the output, and their claims share one error.",
            metavar="NAME",
        ),
    ] = None
    use: Annotated[
        str | None, Option("The use to declare, such as education or marketing (docs/use.md).", metavar="USE")
    ] = None
    place: Annotated[
        str | None, Option("Where it is used, such as EU, Finland or California; needed with --use.", metavar="PLACE")
    ] = None
    date: Annotated[str | None, Option("The day of the use; by default today.", metavar="YYYY-MM-DD")] = None
    diagnose: Annotated[
        Literal["quick", "full"] | None,
        Option("How thoroughly to look for mistakes in the contract; by default full up to 128 pixels, else quick."),
    ] = None
    robustness: Annotated[
        bool,
        Option(
            "Measure what blur, noise, other crops and preparations cost: a run over all images for each level "
            "(docs/robustness.md)."
        ),
    ] = False
    trust_code: TrustCode = False
    time_limit: TimeLimit = OF_MODELS
    images: Annotated[bool, Option("Show thumbnails of the most confident mistakes on the page.")] = False
    deidentify: Annotated[bool, Option("Reduce the thumbnails of --images to blocks that hide the face.")] = False
    select: Annotated[
        str,
        Option("Run only the checks whose id contains TEXT; nothing is written.", ("-k",), "TEXT"),
    ] = ""

    @model_validator(mode="after")
    def _shows_what_it_hides(self) -> Self:
        if self.deidentify and not self.images:
            raise UserError(NOTHING_TO_DEIDENTIFY)
        return self


class CompareRequest(Request):
    """Models to compare on the same images: two, or more to rank."""

    verb: ClassVar[str] = "compare"

    models: Annotated[
        tuple[Name, ...],
        Argument(
            "Two models, the old one first; or more, to rank them. Each as 'ferspec certify' takes it, or the "
            "certificate.json of one.",
            "MODEL...",
        ),
    ]
    dataset: DatasetName = None
    split: SplitName = None
    contract_a: Annotated[Name | None, Option("The contract of the first model.", metavar="FILE")] = None
    contract_b: Annotated[Name | None, Option("The contract of the second model.", metavar="FILE")] = None
    margin: Annotated[
        float | None,
        Option(
            "Decide whether the second model is as good as the first within this margin: 0.01 for 1 point.",
            metavar="SHARE",
        ),
    ] = None
    equivalence: Annotated[bool, Option("Decide whether neither model is better by the margin.")] = False
    clusters: Annotated[
        Name | None,
        Option("A column for the image and one for its cluster, such as twins. The models are ranked.", metavar="CSV"),
    ] = None
    trust_code: TrustCode = False
    time_limit: TimeLimit = OF_MODELS

    @property
    def ranks(self) -> bool:
        """Whether the models are ranked, rather than two compared."""
        return len(self.models) > 2 or self.clusters is not None

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if len(self.models) < 2:
            raise UserError("one model cannot be compared: give two, the old one first, or more to rank them")
        if self.margin is not None and not LEAST_MARGIN <= self.margin < 1:
            raise UserError(
                f"margin {self.margin:g}: a margin is a share between {LEAST_MARGIN:g} and 1: write 0.01 for 1 point"
            )
        if self.margin is not None and self.ranks:
            raise UserError("a margin is for two models without clusters: leave out --margin to rank the models")
        if self.margin is None and self.equivalence:
            raise UserError("an equivalence needs a margin: add --margin 0.01 for 1 point")
        return self


class VerifyRequest(Request):
    """A certificate to verify; with its images and model, if they are available."""

    verb: ClassVar[str] = "verify"

    certificate: Annotated[Name, Argument("A certificate.json.", "CERTIFICATE")]
    dataset: DatasetName = None
    split: SplitName = None
    model: Annotated[Name | None, Option("The model that was certified.", ("--model", "-m"), "MODEL")] = None
    groups: Annotated[
        Name | None, Option("The columns that the accuracy was sliced by, as for 'ferspec certify'.", metavar="CSV")
    ] = None
    public_keys: Annotated[
        tuple[Name, ...],
        Option("A key (Ed25519, PEM) that must have signed the certificate; repeatable.", ("--public-key",), "FILE"),
    ] = ()
    trust_code: TrustCode = False
    time_limit: TimeLimit = OF_MODELS
    select: Select = ""


class ConformRequest(Request):
    """An implementation to judge, in Python or as a command, and the profile."""

    verb: ClassVar[str] = "conform"

    implementation: Annotated[
        str | None, Argument("A Python package.module or package.module:object.", "[IMPLEMENTATION]")
    ] = None
    command: Annotated[
        str | None, Option("A program in any language that speaks JSON lines.", ("--command",), "COMMAND")
    ] = None
    profile: Annotated[
        Profile, Option("Judge by what the authors ran, or by what the paper says.", ("--profile", "-p"))
    ] = DEFAULT_PROFILE
    source: Annotated[
        Origin | None,
        Option(
            "Run only the checks of the paper's text (and its profile), the released runs or this suite's statistics."
        ),
    ] = None
    deviations: Deviations = None
    time_limit: TimeLimit = OF_IMPLEMENTATIONS
    select: Select = ""


class AuditRequest(Request):
    """Training runs to audit, and what their logs do not say of them."""

    verb: ClassVar[str] = "audit"

    paths: Annotated[
        tuple[Name, ...],
        Argument(
            "Logs of any trainer (CSV, JSON, output), run folders, TensorBoard, MLflow, or folders to search for them.",
            "PATH...",
        ),
    ]
    weights: Annotated[
        Weights | None, Option("The initial weights of the networks, where the run does not say.", ("--weights", "-w"))
    ] = None
    profile: Annotated[
        Profile | None,
        Option("The profile to judge by; by default the run's own, or released.", ("--profile", "-p")),
    ] = None
    reported: Annotated[
        float | str | None, Option("The validation accuracy that is reported, such as 0.83.", metavar="ACCURACY")
    ] = None
    deviations: Deviations = None
    select: Select = ""


class JudgeRequest(Request):
    """Artifacts of trained cells, the cells to judge, and the profile of the bands."""

    verb: ClassVar[str] = "grid judge"

    artifacts: Annotated[
        tuple[Name, ...], Argument("Run folders, folders of them, or tables of results (CSV).", "ARTIFACTS...")
    ]
    cells: Annotated[
        tuple[str, ...],
        Option("Judge only these cells; as in 'ferspec grid list'.", ("--select", "-s"), "TERMS"),
    ] = ()
    profile: Annotated[
        Profile,
        Option(
            "Prefer the metrics of the authors' report (released) or those printed in the paper (paper).",
            ("--profile", "-p"),
        ),
    ] = DEFAULT_PROFILE


class FindingsRequest(Request):
    """Results of trained cells, and the profile of the published metrics."""

    verb: ClassVar[str] = "grid findings"

    results: Annotated[
        tuple[Name, ...],
        Argument("Folders of runs, or tables of results; by default what is published.", "[RESULTS]..."),
    ] = ()
    profile: Annotated[
        Profile, Option("The published metrics, and their spread, as released or as printed.", ("--profile", "-p"))
    ] = DEFAULT_PROFILE


class RecommendRequest(Request):
    """What a network has to meet, and what was measured of networks."""

    verb: ClassVar[str] = "recommend"

    resolution: Annotated[int | None, Option("The sides of its input in pixels: 48 or 224.", metavar="PIXELS")] = None
    max_params: Annotated[
        str | int | None, Option("The most parameters it may have, such as 5M or 250k.", metavar="NUMBER")
    ] = None
    max_latency_ms: Annotated[
        float | None, Option("The most milliseconds an image may take; needs --measured.", metavar="MILLISECONDS")
    ] = None
    measured: Annotated[
        tuple[Name, ...],
        Option("Latencies and sizes measured on a device (docs/recommend.md); repeatable.", ("--measured",), "JSON"),
    ] = ()
    pretrained: Annotated[
        Literal["yes", "no"] | None, Option("Whether it starts from published weights, or from scratch.")
    ] = None
    dataset: Annotated[
        str | None, Option("The dataset it is trained on: rafdb, fer2013 or affectnet.", metavar="NAME")
    ] = None
    profile: Annotated[
        Profile, Option("The published metrics, and their spread, as released or as printed.", ("--profile", "-p"))
    ] = DEFAULT_PROFILE


class ReportRequest(Request):
    """What a site is drawn from."""

    verb: ClassVar[str] = "report"

    inputs: Annotated[
        tuple[Name, ...],
        Argument("Folders of runs, tables of results, and certificates or their folders.", "[INPUT]..."),
    ] = ()
    published: Annotated[bool, Option("Draw the published results alone, without inputs.")] = False
    contact_sheet: Annotated[
        tuple[Name, ...], Option("A dataset for Figure 1, one image of each class; repeatable.", metavar="DIR")
    ] = ()


class InspectRequest(Request):
    """A dataset to inspect, what it is said to be, and other sets."""

    verb: ClassVar[str] = "dataset inspect"

    dataset: Annotated[Name, Argument("A folder per class, or any other form of docs/datasets.md.", "DIR")]
    against: Annotated[
        tuple[Name, ...],
        Option("Another set, such as the one a model was trained on; repeatable.", metavar="DIR"),
    ] = ()
    as_: Annotated[
        Literal["btfer", "rafdb", "fer2013", "affectnet"] | None,
        Option("The set of Table 1 that it is said to be.", ("--as",)),
    ] = None
    groups: Annotated[
        Name | None, Option("A column for the image and columns of groups, such as age.", metavar="CSV")
    ] = None
    model: Annotated[
        Name | None,
        Option(
            "Give the accuracy of this model with and without the leak, and the labels it contradicts.",
            ("--model", "-m"),
            "MODEL",
        ),
    ] = None
    contract: Annotated[Name | None, Option("The contract of the model.", ("--contract", "-c"), "FILE")] = None
    predictions: Annotated[
        Name | None, Option("A table of predictions, or a certificate.json, instead of a model.", metavar="FILE")
    ] = None
    clusters: Annotated[bool, Option("Give the accuracy over pictures too: the copies of one picture count once.")] = (
        False
    )
    trust_code: TrustCode = False
    time_limit: TimeLimit = OF_MODELS
    select: Select = ""

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if self.model is not None and self.predictions is not None:
            raise UserError("a model and predictions were given: leave out one of them")
        if self.contract is not None and self.model is None:
            raise UserError("a contract belongs to a model: add --model")
        if self.clusters and self.model is None and self.predictions is None:
            raise UserError("--clusters is about an accuracy: add --model or --predictions")
        return self
