"""Builds a set of faces in four stages, as the paper built BTFER."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, Literal

from ferspec import spec
from ferspec.api.results.base import Result
from ferspec.collection.faces import Detectors, installed_detectors
from ferspec.collection.fetching import Client, Limits
from ferspec.collection.licences import require_known
from ferspec.collection.locking import locked
from ferspec.collection.manifest import FOLDERS, SEARCHES, SET, STAGES, Row, Stage, stage_folder, write_manifest
from ferspec.collection.plan import LANGUAGES, Language, queries
from ferspec.collection.review import write_review
from ferspec.collection.sources import Found, open_source
from ferspec.collection.sources.providers import provider_of
from ferspec.collection.sources.searching import search
from ferspec.collection.stages.clean import clean
from ferspec.collection.stages.collect import Collecting, collect
from ferspec.collection.stages.crop import crop
from ferspec.collection.stages.sample import missing, sample, write_set
from ferspec.errors import UserError
from ferspec.progress import Progress, silent, tell
from ferspec.records import Record
from ferspec.subjects.disk import require_utf8

if TYPE_CHECKING:
    import pandas as pd

State = Literal["complete", "waits for review", "lacks faces", "stopped"]
PER_QUERY = 20
MEGABYTE = 1 << 20
MOST_FACES, MOST_MEGABYTES, LONGEST_WAIT = 1_000_000, 1024, 86_400


class StageCounts(Record):
    """How many pictures a stage kept, dropped, and leaves to a reviewer."""

    kept: int
    dropped: int
    review: int


class BuiltDataset(Result, Record):
    """How far a set is built, and what to do next."""

    stem: ClassVar[str] = "build"

    out: str
    state: State
    seed: int
    per_class: int
    stages: dict[Stage, StageCounts]
    classes: dict[str, int]
    lacking: dict[str, int]
    next: str

    def summary(self) -> str:
        """Return how far the set is built."""
        kept = ", ".join(f"{stage} {counts.kept:,}" for stage, counts in self.stages.items())
        return f"{self.out}: {self.state} ({kept}); next: {self.next}"

    def to_frame(self) -> pd.DataFrame:
        """Return a row per stage: pictures kept, dropped, and for review."""
        import pandas as pd

        rows = {stage: counts.model_dump() for stage, counts in self.stages.items()}
        return pd.DataFrame.from_dict(rows, orient="index").rename_axis("stage")

    def to_json(self) -> str:
        """Return the document that ``ferspec dataset build --json`` prints."""
        return self.model_dump_json(indent=2)

    def page(self) -> str:
        """Return the stages as a page."""
        from ferspec.report.result_page import render_result

        return render_result("dataset build", self.out, self.state, (self.summary(),), self.to_frame().reset_index())


def build(
    out: str | Path,
    sources: Sequence[str | Path] = (),
    providers: Sequence[str] = (),
    *,
    languages: Sequence[Language] = LANGUAGES,
    per_query: int = PER_QUERY,
    per_class: int | None = None,
    seed: int = 0,
    licences: Sequence[str] = (),
    delay: float = 1.0,
    seconds: float = 30.0,
    megabytes: float = 20.0,
    allow_private: bool = False,
    drop_doubtful: bool = False,
    until: Stage = "sample",
    detectors: Detectors | None = None,
    progress: Progress = silent,
) -> BuiltDataset:
    """Build a set of faces in the folder ``out``.

    Each class has ``per_class`` faces, by default 300 as in BTFER. ``sources`` are lists of addresses, folders and
    archives, ``providers`` search engines. The stages collect, clean, crop and sample leave their manifests below
    ``out`` (``ferspec.collection.manifest``). The same call continues a build that ended anywhere. It stops where
    pictures wait for a reviewer, unless ``drop_doubtful``. ``detectors`` are MTCNN and BlazeFace by default.
    ``UserError`` for sources that cannot be read or contain ``out``, and for a folder in use.
    """
    folder = Path(out)
    _require_between("per_class", 1 if per_class is None else per_class, 1, MOST_FACES)
    _require_between("megabytes", megabytes, 0, MOST_MEGABYTES)
    for name, value in (("seconds", seconds), ("delay", delay)):
        _require_between(name, value, 0, LONGEST_WAIT)
    require_utf8(folder.resolve())
    settings = Collecting(
        Limits(int(megabytes * MEGABYTE), seconds), delay, tuple(map(require_known, licences)), allow_private
    )
    if not sources and not providers:
        raise UserError("name a source of pictures: a list of addresses, a folder, an archive or a provider")
    for name in providers:
        provider_of(name)
    if until != "collect" and detectors is None:
        detectors = installed_detectors()
    count = spec.load().datasets["BTFER"].counts[0] if per_class is None else per_class
    for source in sources:
        _require_apart(folder, Path(source))
    listed = list(_listed([Path(source) for source in sources]))
    with locked(folder):
        if providers:
            listed += _searched(folder, providers, languages, per_query, settings, progress)
        work = _Work(folder, seed, count, drop_doubtful, until, progress)
        return work.run(listed, settings, detectors)


class _Work:
    """Run the stages one after another, until a reviewer or more pictures are needed."""

    def __init__(
        self, out: Path, seed: int, per_class: int, drop_doubtful: bool, until: Stage, progress: Progress
    ) -> None:
        self._out, self._seed, self._per_class = out, seed, per_class
        self._drop_doubtful, self._until, self._progress = drop_doubtful, until, progress
        self._rows: dict[Stage, list[Row]] = {}

    def run(self, listed: Sequence[Found], settings: Collecting, detectors: Detectors | None) -> BuiltDataset:
        collected = self._finish("collect", collect(self._out, listed, settings, self._progress))
        if self._until == "collect" or detectors is None:
            return self._ended("stopped", "run the same command without --until")
        cleaned = self._finish("clean", clean(self._out, collected, detectors, self._progress))
        if ended := self._stops_at("clean"):
            return ended
        cropped = self._finish("crop", crop(self._out, cleaned, detectors, self._progress))
        if ended := self._stops_at("crop"):
            return ended
        drawn = self._finish("sample", sample(cropped, self._per_class, self._seed))
        if lacking := missing(drawn, self._per_class):
            named = ", ".join(f"{label} {count:,}" for label, count in lacking.items())
            return self._ended("lacks faces", f"add sources: these classes lack faces: {named}", lacking)
        place = write_set(self._out, self._out.resolve().name, self._seed, self._rows)
        return self._ended("complete", f"ferspec certify MODEL --dataset {place}")

    def _finish(self, stage: Stage, rows: list[Row]) -> list[Row]:
        if self._drop_doubtful:
            rows = [_without_doubt(row) for row in rows]
        self._rows[stage] = rows
        write_manifest(self._out, stage, rows)
        counts = _counts(rows)
        line = f"{stage}: kept {counts.kept:,}, dropped {counts.dropped:,}, for review {counts.review:,}"
        tell(self._progress, [line])
        return rows

    def _stops_at(self, stage: Stage) -> BuiltDataset | None:
        found = {row.digest: row.label for row in self._rows["collect"] if row.is_kept}
        page = write_review(self._out, stage, self._rows[stage], found)
        waiting = _counts(self._rows[stage]).review
        if waiting:
            return self._ended(
                "waits for review",
                f"decide {waiting:,} pictures in {page}, save its decisions.csv beside it, run the same command",
            )
        return self._ended("stopped", "run the same command without --until") if self._until == stage else None

    def _ended(self, state: State, next_step: str, lacking: dict[str, int] | None = None) -> BuiltDataset:
        drawn = [row for row in self._rows.get("sample", ()) if row.path]
        return BuiltDataset(
            out=str(self._out),
            state=state,
            seed=self._seed,
            per_class=self._per_class,
            stages={stage: _counts(self._rows[stage]) for stage in STAGES if stage in self._rows},
            classes={label: sum(row.label == label for row in drawn) for label in spec.load().classes},
            lacking=lacking or {},
            next=next_step,
        )


def _require_between(name: str, value: float, least: int, most: int) -> None:
    if not least <= value <= most:
        raise UserError(f"{name} must be between {least} and {most:,}, not {value:g}")


def _require_apart(out: Path, source: Path) -> None:
    """Raise ``UserError`` for a source that would hold pictures of the build itself."""
    folder, place = out.resolve(), source.resolve()
    if place.is_dir() and folder.is_relative_to(place):
        raise UserError(f"{out} lies in the source {source}, and would be collected itself: choose a folder outside it")
    own = {folder / name for name in (*FOLDERS.values(), SET)}
    if not own.isdisjoint({place, *place.parents}):
        raise UserError(f"{source} was written by the build in {out}: it is not a source of it")


def _listed(sources: Sequence[Path]) -> Iterator[Found]:
    """Yield the pictures of all sources; ``UserError`` for two folders or archives of one name."""
    places: dict[str, Path] = {}
    for source in sources:
        for one in open_source(source):
            if one.read is not None:
                name = one.address.partition("/")[0]
                # the files of a table lie below its folder
                place = (source if source.name == name else source.parent).resolve()
                if places.setdefault(name, place) != place:
                    raise UserError(
                        f"{places[name]} and {place} have one name, by which their pictures are known: rename one"
                    )
            yield one


def _searched(
    folder: Path,
    providers: Sequence[str],
    languages: Sequence[Language],
    per_query: int,
    settings: Collecting,
    progress: Progress,
) -> Iterator[Found]:
    journal = stage_folder(folder, "collect") / SEARCHES
    client = Client(settings.limits, settings.allow_private)
    return search(providers, queries(tuple(languages)), per_query, journal, client, settings.delay, progress)


def _without_doubt(row: Row) -> Row:
    return replace(row, decision="drop", file="") if row.decision == "review" else row


def _counts(rows: Sequence[Row]) -> StageCounts:
    counted = {decision: sum(row.decision == decision for row in rows) for decision in ("keep", "drop", "review")}
    return StageCounts(kept=counted["keep"], dropped=counted["drop"], review=counted["review"])
