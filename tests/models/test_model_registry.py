"""The registry: a manifest that is wrong says where; bytes that are wrong are never handed out."""

from __future__ import annotations

import pathlib
from pathlib import Path

import pytest

from models import registry
from models.errors import (
    ManifestError,
    ModelError,
    NotInstalled,
    UnknownNetworkError,
    UnreadableError,
    WrongDigestError,
    WrongSizeError,
)
from models.network import POINTS, digest
from models.registry import Installed, Registry

IDS = (
    "yunet-2023mar",
    "yunet-2023mar-int8",
    "mobilefacenet-foamliu",
    "sface-2021dec",
    "sface-2021dec-int8",
    "minifas-98.20",
    "minifas-98.20-int8",
)

MANIFEST = """\
format = 1

[[network]]
id = "small"
role = "embedder"
file = "small.onnx"
size = 3
sha256 = "{sha256}"
licence = "Apache-2.0"
publisher = "nobody"
{extra}
[network.input]
width = 112
height = 112
colour = "RGB"
divisor = 255.0
mean = [0.5, 0.5, 0.5]
deviation = [0.5, 0.5, 0.5]
[network.output]
kind = "embedding"
dimension = 4
compare = "cosine"
unit_length = false
[network.training]
set = "none"
asked = "unknown"
withdrawn = "unknown"
account = "none"
verified = false
""".replace("{sha256}", "ab" * 32)


@pytest.fixture
def manifest(tmp_path: Path):
    def write(text: str = MANIFEST, extra: str = "") -> Path:
        path = tmp_path / "manifest.toml"
        path.write_text(text.replace("{extra}", extra), "utf-8")
        return path

    return write


# --- the bundled manifest ---


def test_the_bundled_manifest_names_the_public_networks_and_our_own():
    assert tuple(network.id for network in Registry.bundled() if network.address) == IDS
    own = {network.id for network in Registry.bundled() if not network.address}
    assert own == {"bundled-detector", "bundled-embedder"}


@pytest.mark.parametrize("name", IDS)
def test_every_public_network_has_an_address_at_a_commit(name):
    network = Registry.bundled()[name]
    assert network.page is not None
    commit = network.page.split("/tree/")[1].split("/")[0]
    assert len(commit) == 40
    assert f"/{commit}/" in str(network.address)


@pytest.mark.parametrize("name", IDS)
def test_no_public_network_claims_to_know_more_than_it_does(name):
    network = Registry.bundled()[name]
    assert not network.training.verified
    assert network.overlap("lfw-deepfunneled", ["Anyone"]).state == "unknown"


def test_detectors_take_any_multiple_of_32():
    contract = Registry.bundled()["yunet-2023mar"].input
    assert contract.fits(320, 256)
    assert not contract.fits(320, 240)
    assert not contract.fits(0, 32)


def test_embedders_take_the_template_s_size_alone():
    contract = Registry.bundled()["mobilefacenet-foamliu"].input
    assert contract.fits(112, 112)
    assert not contract.fits(112, 128)


def test_networks_of_a_role():
    assert [network.id for network in Registry.bundled().of("liveness")] == ["minifas-98.20", "minifas-98.20-int8"]


def test_an_unknown_id_is_answered_with_the_known_ones_and_the_closest():
    with pytest.raises(
        UnknownNetworkError, match=r"^mobilefacenet: expected one of yunet.*did you mean mobilefacenet-f"
    ):
        Registry.bundled()["mobilefacenet"]
    assert issubclass(UnknownNetworkError, KeyError)


def test_a_network_can_not_be_changed():
    with pytest.raises(ValueError, match="frozen"):
        Registry.bundled()["yunet-2023mar"].size = 1  # type: ignore[misc]


# --- mistakes in a manifest ---


def mistake(path: Path) -> str:
    with pytest.raises(ManifestError) as error:
        Registry.from_file(path)
    assert isinstance(error.value, ModelError | ValueError)
    assert str(error.value).startswith(f"{path}: ")
    return str(error.value).removeprefix(f"{path}: ")


def test_a_manifest_without_mistakes_is_read(manifest):
    assert Registry.from_file(manifest()).ids == ("small",)


def test_an_unknown_key_is_named(manifest):
    assert mistake(manifest(extra='colour = "RGB"')) == "network small: key colour: expected no such key, found 'RGB'"


def test_a_missing_digest_is_named(manifest):
    text = "\n".join(line for line in MANIFEST.splitlines() if not line.startswith("sha256"))
    assert mistake(manifest(text)).startswith("network small: key sha256: expected a value, found nothing")


def test_a_digest_that_is_none_is_named(manifest):
    found = mistake(manifest(MANIFEST.replace("ab" * 32, "AB")))
    assert found.startswith("network small: key sha256: expected String should match pattern")
    assert found.endswith("found 'AB'")


def test_a_number_as_text_is_not_converted(manifest):
    assert mistake(manifest(MANIFEST.replace("size = 3", 'size = "3"'))).endswith(
        "key size: expected a valid integer, found '3'"
    )


def test_an_id_twice_is_named(manifest):
    second = MANIFEST.removeprefix("format = 1\n").replace("small.onnx", "other.onnx")
    assert mistake(manifest(MANIFEST + second)) == "network small: key id: expected once, found again: small"


def test_a_file_twice_is_named(manifest):
    second = MANIFEST.removeprefix("format = 1\n").replace('"small"', '"other"')
    assert mistake(manifest(MANIFEST + second)).startswith("network other: key file: expected once")


def test_a_file_name_that_leaves_the_folder_is_refused(manifest):
    assert "key file" in mistake(manifest(MANIFEST.replace("small.onnx", "../small.onnx")))


def test_an_address_that_is_not_https_is_refused(manifest):
    assert "key address" in mistake(manifest(extra='address = "http://example.org/small.onnx"'))


def test_a_role_with_another_role_s_output_is_refused(manifest):
    assert "expected output.kind: yunet, as the role is detector" in mistake(
        manifest(MANIFEST.replace("embedder", "detector"))
    )


def test_a_deviation_of_zero_is_refused(manifest):
    found = mistake(manifest(MANIFEST.replace("deviation = [0.5, 0.5, 0.5]", "deviation = [0.5, 0.0, 0.5]")))
    assert found.startswith("network small: key input.deviation: expected three numbers above 0")


def test_another_format_is_refused(manifest):
    assert mistake(manifest("format = 2\n")) == "key format: expected 1, found 2"


def test_an_unknown_table_is_refused(manifest):
    assert mistake(manifest("format = 1\n[networks]\n")).startswith("key networks: ")


def test_what_is_not_toml_is_refused(manifest):
    assert mistake(manifest("format: 1")).startswith("expected TOML: ")


def test_a_manifest_that_is_not_there_is_refused(tmp_path):
    assert mistake(tmp_path / "none.toml").startswith("expected a manifest, found none that can be read")


def test_a_detector_s_heads_are_in_yunet_s_order():
    output = Registry.bundled()["yunet-2023mar"].output
    assert output.names[:4] == ("cls_8", "cls_16", "cls_32", "obj_8")
    assert output.points == POINTS


# --- who it was trained on ---


def listed(manifest, identities: str):
    entry = f'[[network.trained_on]]\nset = "lfw"\nidentities = "{identities}"\n'
    return Registry.from_file(manifest(MANIFEST + entry))["small"]


def test_an_overlap_is_known_by_truncated_digests(manifest, tmp_path):
    (tmp_path / "identities").mkdir()
    (tmp_path / "identities" / "small.txt").write_text(f"# a comment\n{digest('Åsa Öst')}\n{digest('Bo Ek')}\n")
    overlap = listed(manifest, "small.txt").overlap("lfw", ["Bo Ek", "Åsa Öst", "Bo Ek", "Someone Else"])
    assert (overlap.state, overlap.names, overlap.count) == ("known", ("Bo Ek", "Åsa Öst"), 2)


def test_no_overlap_with_an_identities_file_is_none(manifest, tmp_path):
    (tmp_path / "identities").mkdir()
    (tmp_path / "identities" / "small.txt").write_text(digest("Bo Ek"))
    overlap = listed(manifest, "small.txt").overlap("lfw", ["Someone Else"])
    assert (overlap.state, overlap.count) == ("none", 0)


def test_all_identities_overlap(manifest):
    assert listed(manifest, "all").overlap("lfw", ["B", "A"]).names == ("A", "B")


def test_none_of_the_identities_overlaps(manifest):
    assert listed(manifest, "none").overlap("lfw", ["A"]).state == "none"


def test_unknown_identities_can_not_be_counted(manifest):
    overlap = listed(manifest, "unknown").overlap("lfw", ["A"])
    assert (overlap.state, overlap.count) == ("unknown", None)


def test_a_set_that_is_not_listed_is_unknown(manifest):
    assert listed(manifest, "none").overlap("another set", ["A"]).state == "unknown"


def test_an_identities_file_that_is_missing_is_a_mistake(manifest):
    with pytest.raises(ManifestError, match=r"key trained_on\.0: expected identities: .*missing\.txt"):
        listed(manifest, "missing.txt")


def test_an_identities_file_with_a_name_in_it_is_a_mistake(manifest, tmp_path):
    (tmp_path / "identities").mkdir()
    (tmp_path / "identities" / "small.txt").write_text("Bo Ek\n")
    with pytest.raises(ManifestError, match="16 hexadecimal digits a line"):
        listed(manifest, "small.txt")


def test_an_identities_file_elsewhere_is_a_mistake(manifest):
    with pytest.raises(ManifestError, match="plain name"):
        listed(manifest, "../small.txt")


# --- what is here ---


@pytest.fixture
def known(network, tmp_path) -> Registry:
    return Registry(tmp_path / "manifest.toml", (network,))


def test_the_bytes_are_handed_out_when_they_are_right(known, tmp_path, content):
    (tmp_path / "small.onnx").write_bytes(content)
    assert known.locate("small", tmp_path).read() == content


def test_what_is_not_installed_says_how_to_get_it(known, tmp_path):
    with pytest.raises(NotInstalled, match=f"get it: threshold models fetch small --folder {tmp_path}"):
        known.locate("small", tmp_path)


def test_a_file_that_went_away_is_not_installed(network, tmp_path):
    with pytest.raises(NotInstalled):
        Installed(network, tmp_path / "small.onnx").read()


def test_one_changed_byte_is_noticed(known, tmp_path, content):
    (tmp_path / "small.onnx").write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
    with pytest.raises(WrongDigestError, match=f"expected SHA-256 {known['small'].sha256}"):
        known.locate("small", tmp_path).read()


@pytest.mark.parametrize("size", [0, 299_999, 300_001, 400_000])
def test_another_size_is_noticed(known, tmp_path, content, size):
    (tmp_path / "small.onnx").write_bytes((content + content)[:size])
    with pytest.raises(WrongSizeError, match=rf"expected 300,000 B .* found {size:,} B; .*--again"):
        known.locate("small", tmp_path).read()


def test_a_file_that_can_not_be_read_is_named(network, tmp_path):
    with pytest.raises(UnreadableError, match="Is a directory"):
        Installed(network, tmp_path).read()


def test_the_data_folder_is_the_one_in_the_environment(known, tmp_path, content, monkeypatch):
    monkeypatch.setenv("THRESHOLD_DATA", str(tmp_path / "data"))
    (tmp_path / "data" / "models").mkdir(parents=True)
    (tmp_path / "data" / "models" / "small.onnx").write_bytes(content)
    assert known.locate("small").path == tmp_path / "data" / "models" / "small.onnx"
    with pytest.raises(NotInstalled, match=r"get it: threshold models fetch yunet-2023mar$"):
        Registry.bundled().locate("yunet-2023mar")


def test_a_network_that_comes_with_the_program_is_found_beside_the_manifest(manifest, tmp_path):
    known, elsewhere = Registry.from_file(manifest()), tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "small.onnx").write_bytes(b"another file of that name")
    assert known.carried("small") is None
    assert known.locate("small", elsewhere).path == elsewhere / "small.onnx"
    (tmp_path / "bundled").mkdir()
    (tmp_path / "bundled" / "small.onnx").write_bytes(b"ab")
    found = known.locate("small", elsewhere)
    assert found == known.carried("small") == Installed(known["small"], tmp_path / "bundled" / "small.onnx")
    with pytest.raises(WrongSizeError):
        found.read()
    with pytest.raises(UnknownNetworkError):
        known.carried("large")


@pytest.mark.parametrize(
    ("xdg", "expected"), [("/xdg", "/xdg/threshold/models"), ("relative", "/home/.local/share/threshold/models")]
)
def test_otherwise_it_is_the_user_s(monkeypatch, xdg, expected):
    monkeypatch.delenv("THRESHOLD_DATA", raising=False)
    monkeypatch.setenv("XDG_DATA_HOME", xdg)
    monkeypatch.setattr(pathlib.Path, "home", lambda: Path("/home"))
    assert registry.models_folder() == Path(expected)
