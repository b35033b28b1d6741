"""The command ``ferspec recommend``: the short list, its document and its page."""

import json

import pytest

from ferspec.api.recommend import recommend


@pytest.fixture
def edge(tmp_path):
    path = tmp_path / "edge.json"
    measurements = [
        {
            "model": "four.tflite",
            "cell": "sequential4conv-scratch-48-rafdb-simple",
            "milliseconds": 4,
            "bytes": 2_900_000,
        },
        {"model": "mine.onnx", "milliseconds": 9, "bytes": 1_000},
    ]
    about = {"kind": "ferspec measurements", "version": "1", "device": "a phone"}
    path.write_text(json.dumps(about | {"measurements": measurements}))
    return path


def test_the_short_list_and_the_statements_are_printed(ferspec):
    status, out, err = ferspec("recommend", "--resolution", 48, "--max-params", "5M", "--dataset", "rafdb")
    assert (status, err) == (0, "")
    first = next(line for line in out.splitlines() if line.split()[:1] == ["1"])
    # the best BTFER accuracy of Table 2 among networks of at most 5 million parameters on RAF-DB
    assert "Sequential4Conv" in first
    assert "0.54" in first
    assert "contradicted  T4-3" in out
    assert "31 statements" in out


def test_the_document_is_the_record(ferspec):
    status, out, _ = ferspec("recommend", "--resolution", 48, "--pretrained", "yes", "--json")
    assert (status, json.loads(out)) == (0, json.loads(recommend(resolution=48, pretrained="yes").to_json()))


def test_a_latency_needs_measurements_and_takes_them(ferspec, edge):
    assert ferspec("recommend", "--max-latency-ms", 20)[0] == 2
    status, out, _ = ferspec("recommend", "--max-latency-ms", 20, "--measured", edge)
    assert status == 0
    assert "4 ms, 2.9 MB, on a phone" in " ".join(out.split())
    assert "without a published accuracy: mine.onnx" in " ".join(out.split())


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--resolution", 64), "known are 48, 224"),
        (("--max-params", "few"), "such as 5M"),
        (("--dataset", "rafdp"), "did you mean RAF-DB?"),
        (("--resolution", 48, "--max-params", "100k"), "--max-params 100,000 leaves 0"),
        (("--measured", "absent.json"), "cannot read absent.json"),
    ],
)
def test_what_cannot_be_met_is_one_line(ferspec, tmp_path, options, said):
    status, out, err = ferspec("recommend", *options, "--out", tmp_path / "advice")
    assert (status, out, err.count("\n")) == (2, "", 1)
    assert said in err
    assert not (tmp_path / "advice").exists()


def test_the_page_shows_the_list_and_the_plot(ferspec, tmp_path):
    ferspec("recommend", "--resolution", 224, "--out", tmp_path)
    page = (tmp_path / "recommendation.html").read_text(encoding="utf-8")
    assert "data:image/svg+xml;base64," in page
    assert "over the number of parameters" in page
    assert "ResNet18" in page
    assert "contradicted" in page
    assert json.loads((tmp_path / "recommendation.json").read_text())["cells"] == 258
