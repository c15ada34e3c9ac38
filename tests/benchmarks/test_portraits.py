"""Clips with photographs for faces: only of a whole listed set, and every photograph in a frame is asked for."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from benchmarks.clip import ClipError, ClipSource, Seen, draw, entrance
from benchmarks.core import play, settings
from benchmarks.peers import PlainLoop, Threshold
from benchmarks.portraits import HEAD, Portraits, cast, prepare, staged
from edge.core.loop import Core
from edge.face import Box, Crop
from models.people.render import View, render
from models.registry import Registry
from policy.archive import Archive
from policy.gate import Gate, Refused
from tests.support import list_set


def quiet(*_):
    return lambda: None


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Six people with four portraits each, drawn, and one with too few."""
    root = tmp_path_factory.mktemp("set")
    for person in range(7):
        (root / f"P{person}").mkdir()
        for number in range(4 if person < 6 else 2):
            pixels = render(30 + person, View(width=250, height=250, face_px=100, noise=1.0 + number))
            cv2.imwrite(str(root / f"P{person}" / f"P{person}_{number:04}.png"), pixels)
    return root


@pytest.fixture(scope="module")
def stage(folder, tmp_path_factory):
    drawn = entrance("single", 9, 640, 360, 10.0, 3)
    with Archive(folder) as archive:
        roles = cast(archive, sorted(set(drawn.people)), others=3)
        clip = staged("faces", drawn, Portraits(archive, roles), tmp_path_factory.mktemp("clip"), lambda: None)
        gate = Gate(sets=[list_set(folder)], render=draw)
        networks = Registry.bundled().locate("bundled-detector"), Registry.bundled().locate("bundled-embedder")
        return prepare(gate, clip, archive, roles, *networks, settings("bundled-embedder"), quiet), roles, gate


def test_those_with_enough_portraits_play(folder):
    with Archive(folder) as archive:
        roles = cast(archive, [7, 8], others=4)
        assert roles.roles[7] == tuple(f"P0/P0_{number:04}.png" for number in range(4))
        assert len(roles.others) == 4
        assert all(len(names) == 3 for names in roles.others)
        with pytest.raises(ClipError, match="expected 7 people"):
            cast(archive, [7, 8], others=5)


def test_a_portrait_covers_the_head_and_nothing_else(folder):
    with Archive(folder) as archive:
        portraits = Portraits(archive, cast(archive, [7], others=0))
    wall = np.full((180, 320, 3), 10, np.uint8)
    box = Box(100, 60, 40, 50)
    put = portraits.put(wall, [Seen(7, box, 1.0)])
    changed = np.argwhere(np.any(put != wall, axis=2))
    (top, left), (bottom, right) = changed.min(0), changed.max(0)
    x, y = box.centre
    assert x - HEAD * 20 - 1 <= left <= right <= x + HEAD * 20 + 1
    assert y - HEAD * 25 - 1 <= top <= bottom <= y + HEAD * 25 + 1
    assert len(changed) > 0.5 * HEAD**2 * box.area
    assert np.array_equal(portraits.put(wall, [Seen(7, Box(-200, 60, 40, 50), 1.0)]), wall)
    assert np.any(portraits.put(wall, [Seen(7, Box(-20, 170, 40, 50), 1.0)]) != wall)


def test_who_comes_is_recognised_by_other_portraits(stage):
    bench, _, _ = stage
    ours = Threshold(Core(bench.detector, lambda _: bench.recogniser, bench.settings))
    play(bench, ours, paced=False)
    assert ours.core.tally.embeddings >= 1
    assert str(bench.clip.people[0]) in {sighting.subject for sighting in ours.sightings}


def test_every_photograph_in_a_frame_is_asked_for(stage):
    bench, _roles, gate = stage
    origins = bench.recogniser.origins
    there = {digest for digest, told in zip(bench.digests, bench.clip.truth, strict=True) if told.faces}
    assert set(origins) == there
    with pytest.raises(Refused, match="permit-contents"):
        bench.recogniser.embed([Crop(np.zeros((112, 112, 3), np.uint8), b"\0" * 32)])
    digest = next(iter(origins))
    other = type(bench.recogniser)(
        gate,
        bench.recogniser.permit,
        bench.recogniser.network,
        bench.recogniser.drawn,
        bench.recogniser.gallery,
        {digest: (*origins[digest], b"\1" * 32)},
    )
    with pytest.raises(Refused, match="permit-contents"):
        other.embed([Crop(np.zeros((112, 112, 3), np.uint8), digest)])
    bench.covered(next(n for n, one in enumerate(bench.digests) if one == digest))


def test_the_plain_loop_sees_the_same_frames(stage):
    bench, _, _ = stage
    loop = PlainLoop(None, bench.detector, bench.recogniser, bench.digests, (480, 270))
    play(bench, loop, paced=False)
    assert len(loop.sightings) > 5
    source = ClipSource(bench.clip)
    assert source.read() is not None
    source.close()


def test_a_set_that_is_not_listed_is_refused_before_an_embedder_is_opened(stage, folder, monkeypatch):
    bench, roles, _ = stage
    monkeypatch.setattr("benchmarks.portraits.open_embedder", lambda *_, **__: pytest.fail("opened"))
    networks = Registry.bundled().locate("bundled-detector"), Registry.bundled().locate("bundled-embedder")
    with Archive(folder) as archive, pytest.raises(Refused, match="listed-research-set"):
        prepare(Gate(render=draw), bench.clip, archive, roles, *networks, bench.settings, quiet)
