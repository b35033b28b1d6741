"""Sets that are made to harm an inspection: bombs, links, names, archives that lead out, and very many files."""

import io
import os
import resource
import subprocess
import sys
import tarfile
import time
import zipfile
import zlib

import pytest
from PIL import Image

import ferspec as public
from helpers.made.sets import in_folders, picture, saved
from helpers.messages import refusal
from helpers.processes import run_python

HOSTILE = pytest.mark.hostile("sets to inspect")
MEBIBYTE = 1 << 20
# what an inspection of argv[1] finds, with the memory of the process in MiB
INSPECTING = """
import re, resource, sys, time
from pathlib import Path
import ferspec
found = ferspec.dataset.inspect(sys.argv[1], select="FER-I-03")
children = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
# ru_maxrss would count the process that started this one
peak = int(re.search(r"VmHWM:\\s+(\\d+)", Path("/proc/self/status").read_text())[1])
print(found.verdict, found.composition.images, len(found.findings), peak // 1024, children // 1024)
"""


def png_of(width, height):
    """A small PNG file of very many equal pixels."""

    def chunk(kind, content):
        return len(content).to_bytes(4, "big") + kind + content + zlib.crc32(kind + content).to_bytes(4, "big")

    head = width.to_bytes(4, "big") + height.to_bytes(4, "big") + bytes([8, 2, 0, 0, 0])
    rows = zlib.compress(bytes(3 * width + 1) * height, 9)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


def animated(form, frames):
    first, *others = [Image.fromarray(picture(number % 9, 16)) for number in range(frames)]
    return saved(form, first, save_all=True, append_images=others)


@HOSTILE
def test_a_decompression_bomb_is_an_unreadable_image_and_costs_little_memory(tmp_path):
    ended = run_python(INSPECTING, in_folders(tmp_path, {"Happy/bomb.png": png_of(8_000, 8_000)}))
    verdict, images, findings, peak, decoder = ended.stdout.split()
    assert (verdict, images, findings) == ("fail", "3", "1")
    assert int(peak) < 700
    assert int(decoder) < 700


@HOSTILE
@pytest.mark.parametrize("form", ["GIF", "WEBP"])
def test_an_animation_is_reported_and_its_first_frame_is_read(tmp_path, form):
    found = public.dataset.inspect(in_folders(tmp_path, {"Happy/a.img": animated(form, 40)}), select="FER-I-05")
    details = [one.detail for one in found.findings if one.what == "frames"]
    assert details == [f"40 frames ({form})"]


@HOSTILE
def test_a_text_chunk_that_expands_without_end_is_a_finding(tmp_path):
    bomb = zlib.compress(bytes(200 * MEBIBYTE), 9)
    content = saved("PNG")
    chunk = b"zTXt" + b"Author\0\0" + bomb
    planted = content[:-12] + (len(chunk) - 4).to_bytes(4, "big") + chunk
    planted += zlib.crc32(chunk).to_bytes(4, "big") + content[-12:]
    found = public.dataset.inspect(in_folders(tmp_path, {"Happy/text.png": planted}))
    assert any(one.image == "Happy/text.png" for one in found.findings)


@HOSTILE
@pytest.mark.parametrize("target", ["folder", "file"])
def test_a_link_out_of_the_folder_is_refused(tmp_path, target):
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "secret.png").write_bytes(saved("PNG"))
    root = in_folders(tmp_path / "set", {})
    (root / "Happy" / "link").symlink_to(outside if target == "folder" else outside / "secret.png")
    assert "links that lead out of it" in refusal(public.dataset.inspect, root)


@HOSTILE
def test_a_name_that_is_not_utf_8_is_refused_in_one_line(tmp_path):
    root = in_folders(tmp_path, {})
    with open(os.fsencode(root) + b"/Happy/caf\xe9.png", "wb") as file:
        file.write(saved("PNG"))
    said = refusal(public.dataset.inspect, root)
    assert "the name is not UTF-8" in said
    assert "\\xe9" in said


@HOSTILE
@pytest.mark.parametrize(
    "name", ["Happy/笑顔.png", "Happy/خنده.png", "Happy/e\u0301.png", "Happy/\u202egnp.png", "Happy/a b\t.png"]
)
def test_names_of_any_script_are_inspected_and_written(tmp_path, name):
    root = in_folders(tmp_path / "set", {name: saved("PNG")})
    found = public.dataset.inspect(root)
    found.write(tmp_path / "out")
    assert name in [entry.path for entry in found._subject.images.entries]
    assert (tmp_path / "out" / "clusters.csv").read_text(encoding="utf-8").count("Happy/") == 2


@HOSTILE
@pytest.mark.parametrize("form", ["zip", "tar"])
def test_an_archive_whose_names_lead_out_is_refused_and_writes_nothing(tmp_path, form):
    path = tmp_path / "inner" / f"set.{form}"
    path.parent.mkdir()
    members = {"Happy/a.png": saved("PNG"), "../evil.png": saved("PNG")}
    if form == "zip":
        with zipfile.ZipFile(path, "w") as archive:
            for name, content in members.items():
                archive.writestr(name, content)
    else:
        with tarfile.open(path, "w") as archive:
            for name, content in members.items():
                info = tarfile.TarInfo(name)
                info.size = len(content)
                archive.addfile(info, io.BytesIO(content))
    assert "leads out of it" in refusal(public.dataset.inspect, path)
    assert sorted(each.name for each in tmp_path.rglob("*")) == ["inner", f"set.{form}"]


@HOSTILE
@pytest.mark.slow
def test_a_hundred_thousand_tiny_files_are_read_in_bounded_time_and_memory(tmp_path):
    content = [saved("PNG", picture(number, 4)) for number in range(200)]
    in_folders(
        tmp_path,
        {f"{label}/{number:06}.png": content[number % 200] for label in ("Happy", "Sad") for number in range(50_000)},
    )
    before, start = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
    words = [sys.executable, "-c", INSPECTING, str(tmp_path)]
    ended = subprocess.run(words, capture_output=True, text=True, check=True, timeout=1500)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    seconds = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    verdict, images, _, peak, _ = ended.stdout.split()
    print(f"100,000 files: {seconds:.0f} s of processor time, {peak} MiB, {time.monotonic() - start:.0f} s")
    assert (verdict, images) == ("pass", "100002")
    assert int(peak) < 1500
