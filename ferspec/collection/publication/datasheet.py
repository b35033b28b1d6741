"""Write the datasheet of a set (Gebru et al. 2021) as Markdown."""

from __future__ import annotations

from collections.abc import Mapping

from ferspec.collection.publication.facts import Composition, Facts
from ferspec.collection.publication.statements import statements

COMPOSITION = "Composition"
COLLECTED = "in the sources"


def datasheet(facts: Facts) -> str:
    """Return the datasheet: what a set contains, how it was made, and what it must not be used for."""
    said = statements()
    reviewed = f"Pictures that a reviewer decided: {facts.reviewed:,}. Labels changed: {facts.relabelled:,}."
    sections = (
        ("Purpose", f"{said.description} {said.uses}"),
        (COMPOSITION, composition_text(facts)),
        ("Collection", f"{said.collection}\n\n{_stages(facts)}"),
        ("Preprocessing", said.preprocessing),
        ("Labels", f"{said.annotation} {reviewed}"),
        ("People", said.sensitive),
        ("Biases and limits", f"{said.biases}\n\n{said.limitations}\n\n{said.social}"),
        ("Maintenance", said.maintenance),
        ("Tools", f"{facts.tools}. Seed of the sample: {facts.seed}."),
    )
    return f"# Datasheet of {facts.name}\n" + "".join(f"\n## {title}\n\n{text}\n" for title, text in sections)


def composition_text(facts: Composition) -> str:
    """Return the section on the composition of a set."""
    lines = [f"{facts.total:,} pictures of one face each, in seven classes. `manifest.csv` lists them.", ""]
    lines.append(_table("class", facts.classes))
    for group, counts in facts.terms.items():
        lines += ["", f"Terms of the queries: {group}.", "", _table(group, counts)]
    lines += ["", "Licences, as the sources state them.", "", _table("licence", facts.licences)]
    lines += ["", "Consent of the person, as the sources state it.", "", _table("consent", facts.consent)]
    return "\n".join(lines)


def _stages(facts: Facts) -> str:
    stages = {f"kept by {stage}": count for stage, count in facts.stages.items()}
    kept = _table("stage", {COLLECTED: facts.collected, **stages})
    return f"{kept}\n\nReasons of what was dropped:\n\n{_table('reason', facts.dropped)}"


def _table(title: str, counts: Mapping[str, int]) -> str:
    rows = [f"| {name.replace('|', ' ')} | {count:,} |" for name, count in counts.items()] or ["| none | 0 |"]
    return "\n".join([f"| {title} | pictures |", "| --- | ---: |", *rows])
