"""Describe a set in the format Croissant 1.1 of MLCommons, with its RAI fields."""

from __future__ import annotations

import hashlib
import json
from typing import Any

from ferspec.collection.manifest import MANIFEST, PUBLIC
from ferspec.collection.publication.facts import Composition, Facts
from ferspec.collection.publication.statements import statements

CONFORMS_TO = ["http://mlcommons.org/croissant/1.1", "http://mlcommons.org/croissant/RAI/1.0"]
PAPER = "https://doi.org/10.1016/j.engappai.2024.108983"
FOLDER, FILES, TABLE, RECORDS = "folder", "pictures", MANIFEST, "pictures-and-labels"
ABOUT = {
    "path": "the file of the picture",
    "label": "the class of the expression",
    "digest": "the sha256 of the file",
    "pixels": "the sha256 of height, width and RGB bytes",
    "original": "the sha256 of the file that the face was cut out of",
    "original_pixels": "the sha256 of its pixels",
    "language": "the language of the query",
    "ethnicity": "a term of the query, not a fact about the person",
    "gender": "a term of the query, not a fact about the person",
    "age": "a term of the query, not a fact about the person",
    "licence": "as the source states it: an identifier, unknown or other",
    "consent": "as the source states it: yes, no or unknown",
}


def croissant(facts: Facts, manifest: str) -> str:
    """Return the Croissant document of a set as JSON; ``manifest`` is the text of its public manifest."""
    said = statements()
    document = {
        "@context": _context(),
        "@type": "sc:Dataset",
        "conformsTo": CONFORMS_TO,
        "name": facts.name,
        "description": said.description,
        "citeAs": PAPER,
        "keywords": ["facial expression recognition", "faces", *facts.classes],
        "license": licences_of(facts),
        "version": "1.0.0",
        "distribution": _distribution(manifest),
        "recordSet": [_records()],
        "rai:dataCollection": said.collection,
        "rai:dataCollectionType": ["Web scraping", "Secondary data analysis"],
        "rai:dataCollectionRawData": "The pictures as collected, which are not published.",
        "rai:dataPreprocessingProtocol": [said.preprocessing],
        "rai:dataAnnotationProtocol": [said.annotation],
        "rai:machineAnnotationTools": facts.tools.split(", "),
        "rai:dataBiases": [said.biases],
        "rai:dataLimitations": [said.limitations],
        "rai:dataUseCases": [said.uses],
        "rai:dataSocialImpact": said.social,
        "rai:personalSensitiveInformation": [said.sensitive],
        "rai:dataReleaseMaintenancePlan": said.maintenance,
    }
    return written(document)


def written(document: dict[str, Any]) -> str:
    """Return a Croissant document as text."""
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


def licences_of(facts: Composition) -> list[str]:
    """Return the licences of the pictures: the set itself has none that this document could grant."""
    return [f"of {count:,} pictures: {licence}" for licence, count in facts.licences.items()]


def _distribution(manifest: str) -> list[dict[str, Any]]:
    return [
        {
            "@type": "cr:FileObject",
            "@id": TABLE,
            "name": TABLE,
            "contentUrl": MANIFEST,
            "encodingFormat": "text/csv",
            "sha256": hashlib.sha256(manifest.encode()).hexdigest(),
        },
        {
            "@type": "cr:FileSet",
            "@id": FILES,
            "name": FILES,
            "encodingFormat": "image/png",
            "includes": "*/*.png",
        },
    ]


def _records() -> dict[str, Any]:
    fields = [
        {
            "@type": "cr:Field",
            "@id": f"{RECORDS}/{column}",
            "name": column,
            "description": ABOUT[column],
            "dataType": "sc:Text",
            "source": {"fileObject": {"@id": TABLE}, "extract": {"column": column}},
        }
        for column in PUBLIC
    ]
    return {
        "@type": "cr:RecordSet",
        "@id": RECORDS,
        "name": RECORDS,
        "key": {"@id": f"{RECORDS}/path"},
        "field": fields,
    }


def _context() -> dict[str, Any]:
    """Return the standard context of Croissant 1.1."""
    croissant = (
        "arrayShape citeAs column containedIn equivalentProperty extract field fileProperty fileObject fileSet format "
        "includes isArray isLiveDataset jsonPath key md5 parentField path recordSet references regex repeated replace "
        "samplingRate separator source subField transform"
    )
    return {
        "@language": "en",
        "@vocab": "https://schema.org/",
        "cr": "http://mlcommons.org/croissant/",
        "dct": "http://purl.org/dc/terms/",
        "rai": "http://mlcommons.org/croissant/RAI/",
        "sc": "https://schema.org/",
        "conformsTo": "dct:conformsTo",
        "data": {"@id": "cr:data", "@type": "@json"},
        "dataType": {"@id": "cr:dataType", "@type": "@vocab"},
        "description": {"@container": "@language"},
        "examples": {"@id": "cr:examples", "@type": "@json"},
        "name": {"@container": "@language"},
        **{name: f"cr:{name}" for name in croissant.split()},
    }
