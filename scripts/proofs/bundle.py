"""Evidence bundles: packed and verified anew; figure, transaction, network and signer altered, and each named."""

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

from scripts.proofs._data import claim

ROOT = Path(__file__).resolve().parents[2]
COMMAND = [sys.executable, "-c", "from threshold.command import main; main()"]
TAG = "transactions-tag-uid.jsonl"
Files = dict[str, bytes]


def prove() -> dict[str, Any]:
    from policy.bundle import MANIFEST, write
    from policy.signer import new_signer, private_key

    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        good, key = folder / "good.bundle", folder / "key.pem"
        _run("evaluate", "--quick", "--out", str(folder / "out"))
        packing = ("report", str(folder / "out" / "results.json"), "--key", str(key))
        _run(*packing, "--bundle", str(good), "--new-key")
        _run(*packing, "--bundle", str(folder / "again.bundle"))
        with zipfile.ZipFile(good) as archive:
            files = {name: archive.read(name) for name in archive.namelist()}
        manifest = json.loads(files.pop(MANIFEST))
        other = new_signer(folder / "other.pem")

        def verified(change: Callable[[Files, dict[str, Any]], None], stranger: bool = False) -> tuple[int, str]:
            """What verify says of the bundle with a change, signed anew by the same key or a stranger's."""
            changed, told = dict(files), json.loads(json.dumps(manifest))
            change(changed, told)
            write(folder / "bad.bundle", told, changed, other if stranger else private_key(key))
            code, said = _verify(folder / "bad.bundle", key)
            return code, said

        whole, says = _verify(good, key)
        figures = json.loads(says)["figures"]
        figure = _named(verified(_figure), "lanes.face-1n.rates.FPIR.value")
        removed = json.loads(files[TAG].splitlines()[0])["id"]
        row = _named(verified(_remove), f"{TAG}: {removed}")
        network = _named(verified(_network), manifest_network(manifest))
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
            claim("signed anew with another key: unknown signer, exit 1", stranger, True, stranger),
            claim("size of the bundle, MiB", size, "printed", None),
        ]
    }


def manifest_network(manifest: dict[str, Any]) -> str:
    """The network that is swapped."""
    return sorted(manifest["networks"])[0]


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


def _verify(bundle: Path, key: Path) -> tuple[int, str]:
    words = [*COMMAND, "verify", str(bundle), "--key", f"{key}.pub", "--json"]
    done = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, timeout=900, check=False)
    return done.returncode, done.stdout


def _run(*words: str) -> None:
    done = subprocess.run([*COMMAND, *words], cwd=ROOT, capture_output=True, text=True, timeout=900, check=False)
    if done.returncode:
        raise SystemExit(f"threshold {words[0]} ended with {done.returncode}:\n{done.stderr[-2000:]}")
