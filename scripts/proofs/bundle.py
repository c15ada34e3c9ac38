"""Evidence bundles: packed and verified anew; whatever stands in one is altered, signed anew, and named."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from benchmarks.sensitivity.options import KEPT, OPTIONS
from scripts.proofs._data import claim

ROOT = Path(__file__).resolve().parents[2]
COMMAND = [sys.executable, "-c", "from threshold.command import main; main()"]
TAG = "transactions-tag-uid.jsonl"
RECORD = ROOT / "policy" / "records" / "school-tags.yaml"
Files = dict[str, bytes]
Change = Callable[[Files, dict[str, Any]], None]


def prove() -> dict[str, Any]:
    from policy.bundle import MANIFEST, write
    from policy.signer import new_signer, private_key

    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        good, key = folder / "good.bundle", folder / "key.pem"
        prices, study = folder / "prices.toml", folder / "study"
        _run("cost", "--template", "--out", str(prices))
        _run("evaluate", "--quick", "--prices", str(prices), "--out", str(folder / "out"))
        _run("sensitivity", "--sample", "4", "--person-mornings", "2000", "--out", str(study))
        packing = [
            *("report", str(folder / "out" / "results.json"), "--key", str(key), "--prices", str(prices)),
            *("--record", str(RECORD), "--as-of", "2026-11-01"),
            *("--sensitivity", str(study / "sensitivity.json")),
        ]
        _run(*packing, "--bundle", str(good), "--new-key")
        _run(*packing, "--bundle", str(folder / "again.bundle"))
        with zipfile.ZipFile(good) as archive:
            files = {name: archive.read(name) for name in archive.namelist()}
        manifest = json.loads(files.pop(MANIFEST))
        other = new_signer(folder / "other.pem")

        def verified(change: Change, stranger: bool = False, *words: str) -> tuple[int, str]:
            """What verify says of the bundle with a change, signed anew by the same key or a stranger's."""
            changed, told = dict(files), json.loads(json.dumps(manifest))
            change(changed, told)
            write(folder / "bad.bundle", told, changed, other if stranger else private_key(key))
            return _verify(folder / "bad.bundle", key, *words)

        whole, says = _verify(good, key)
        figures = json.loads(says)["figures"]
        figure = _named(verified(_figure), "lanes.face-1n.rates.FPIR.value")
        removed = json.loads(files[TAG].splitlines()[0])["id"]
        row = _named(verified(_remove), f"{TAG}: {removed}")
        network = _named(verified(_network), manifest_network(manifest))
        parts = {
            says: all(f'"{where}"' in found[1] for where in wheres) and found[0] == 1
            for says, change, wheres in PARTS
            if (found := verified(change))
        }
        afresh = verified(_point, False, "--all-points", "--processes", "2")
        point = _named(afresh, "points.jsonl: 3.tag-uid.legitimate-failures")
        stranger = _named(verified(lambda changed, told: None, stranger=True), "unknown signer")
        same = good.read_bytes() == (folder / "again.bundle").read_bytes()
        size = round(good.stat().st_size / 2**20, 1)
    return {
        "claims": [
            claim("what was packed verifies; figures counted again", figures, "all fit", whole == 0),
            claim("packed twice, the same bytes", same, True, same),
            claim("a figure altered and signed anew by the same key: named by its key", figure, True, figure),
            claim("a transaction removed and signed anew: named", row, True, row),
            claim("a network swapped and signed anew: named", network, True, network),
            *(claim(f"{says}, signed anew: named", found, True, found) for says, found in parts.items()),
            claim("a point altered with its digest, --all-points: named", point, True, point),
            claim("signed anew with another key: unknown signer, exit 1", stranger, True, stranger),
            claim("size of the bundle, MiB", size, "printed", None),
        ]
    }


def manifest_network(manifest: dict[str, Any]) -> str:
    """The network that is swapped."""
    return str(min(manifest["networks"]))


def _put(*path: str | int, value: Any, name: str = "results.json") -> Change:
    def change(files: Files, _: dict[str, Any]) -> None:
        document = json.loads(files[name])
        *above, last = path
        inner: Any = document
        for key in above:
            inner = inner[key]
        inner[last] = value
        files[name] = json.dumps(document).encode()

    return change


def _price(files: Files, _: dict[str, Any]) -> None:
    """A price altered, and the digest of the file that results hold with it."""
    files["prices.toml"] = files["prices.toml"].replace(b"middle = 30.0", b"middle = 20.0", 1)
    document = json.loads(files["results.json"])
    document["cost"]["sha256"] = hashlib.sha256(files["prices.toml"]).hexdigest()
    files["results.json"] = json.dumps(document).encode()


def _record(files: Files, _: dict[str, Any]) -> None:
    """Another record of the same verdict: a line of comment more."""
    files["record.yaml"] += b"# another\n"


def _point(files: Files, _: dict[str, Any]) -> None:
    """A point altered, and the digest of all of them."""
    lines = files["points.jsonl"].splitlines(keepends=True)
    told = json.loads(lines[3])
    option = next(place for place, each in enumerate(OPTIONS) if each.id == "tag-uid")
    told["outcomes"][option][KEPT.index("legitimate-failures")] += 0.01
    lines[3] = json.dumps(told, separators=(",", ":")).encode() + b"\n"
    files["points.jsonl"] = b"".join(lines)
    document = json.loads(files["sensitivity.json"])
    document["computed"]["digest"] = hashlib.sha256(files["points.jsonl"]).hexdigest()
    files["sensitivity.json"] = json.dumps(document).encode()


def _two(files: Files, told: dict[str, Any]) -> None:
    _put("cost", "lanes", "face-1n", "total", "value", value=1.0)(files, told)
    _put("privacy", "vector", "face-1n", "subjects", value=1)(files, told)


PARTS: tuple[tuple[str, Change, tuple[str, ...]], ...] = (
    (
        "a cost and a number of privacy altered",
        _two,
        ("cost.lanes.face-1n.total.value", "privacy.vector.face-1n.subjects"),
    ),
    ("a price altered in its file and its digest in results", _price, ("cost.prices.0 (wage).middle",)),
    ("the record replaced by one of the same verdict", _record, ("record.yaml",)),
    ("the costs taken out of results", _put("cost", value=None), ("cost",)),
    (
        "an entry of the sensitivity altered",
        _put("base", "tag-uid", "minutes", value=0.0, name="sensitivity.json"),
        ("sensitivity.base.tag-uid.minutes",),
    ),
)
"""What is altered, how, and what verify names."""


def _figure(files: Files, _: dict[str, Any]) -> None:
    document = json.loads(files["results.json"])
    document["lanes"]["face-1n"]["rates"]["FPIR"]["value"] += 1e-6
    files["results.json"] = json.dumps(document).encode()


def _remove(files: Files, _: dict[str, Any]) -> None:
    files[TAG] = b"".join(files[TAG].splitlines(keepends=True)[1:])
    document = json.loads(files["results.json"])
    told = document["lanes"]["tag-uid"]["transactions"]
    told |= {"sha256": hashlib.sha256(files[TAG]).hexdigest(), "count": told["count"] - 1}
    files["results.json"] = json.dumps(document).encode()


def _network(files: Files, manifest: dict[str, Any]) -> None:
    name = manifest_network(manifest)
    document = json.loads(files["results.json"])
    for network in document["networks"]:
        if network["id"] == name:
            network["sha256"] = "ef" * 32
    manifest["networks"][name] = "ef" * 32
    files["results.json"] = json.dumps(document).encode()


def _named(found: tuple[int, str], where: str) -> bool:
    return found[0] == 1 and where in found[1]


def _verify(bundle: Path, key: Path, *more: str) -> tuple[int, str]:
    words = [*COMMAND, "verify", str(bundle), "--key", f"{key}.pub", "--json", *more]
    done = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, timeout=900, check=False)
    return done.returncode, done.stdout


def _run(*words: str) -> None:
    done = subprocess.run([*COMMAND, *words], cwd=ROOT, capture_output=True, text=True, timeout=900, check=False)
    if done.returncode:
        raise SystemExit(f"threshold {words[0]} ended with {done.returncode}:\n{done.stderr[-2000:]}")
