"""bench core: clips that are drawn once, peers that do what is said of them, and figures that add up."""

from __future__ import annotations

import importlib.machinery
import json
import sys
import time
import types
from dataclasses import replace

import numpy as np
import pytest
from support import MODELS, needs_models
from typer.testing import CliRunner

from benchmarks import core as bench_core
from benchmarks.clip import Clip, ClipError, ClipSource, Recorded, draw, entrance, packed, prepared
from benchmarks.core import PEERS, Bench, document, floor, measure, play, prepare, present, settings
from benchmarks.derived import EMBEDDING, FINDING, PEAK, table
from benchmarks.peers import FaceDetectorYN, FaceRecognition, FrigateSchedule, Idle, PlainLoop
from benchmarks.visited import Morning, Visit, carried, compare, name_at, threshold_for, visited
from benchmarks.work import WorkError, multiply_adds
from edge.core.frame import bgr
from edge.face import Box, Picture
from edge.vision import open_detector
from models.anysize import any_size
from models.registry import Registry
from policy.gate import Refused
from policy.verdict import Verdict
from threshold.command import app


def quiet(_: str, __: int):
    return lambda: None


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("clips")


@pytest.fixture(scope="module")
def clip(folder) -> Clip:
    return prepared("single", entrance("single", 9, 640, 360, 15.0, 3), folder)


@pytest.fixture(scope="module")
def networks():
    registry = Registry.bundled()
    return registry.locate("bundled-detector"), registry.locate("bundled-embedder")


@pytest.fixture(scope="module")
def bench(clip, networks) -> Bench:
    return prepare(clip, *networks, settings("bundled-embedder"), quiet)


def test_a_clip_has_every_frame_of_its_entrance(clip):
    source = ClipSource(clip)
    for number in (0, 1, 2):
        frame = source.read()
        assert (frame.number, frame.time_ns) == (number, round(number * 1e9 / 15))
        assert np.abs(bgr(frame.main).astype(int) - clip.entrance.frame(number).pixels).mean() < 3
    source.close()
    assert clip.path.stat().st_size == len(clip) * clip.frame_bytes == len(clip.entrance) * 640 * 360 * 3 // 2


def test_a_clip_is_drawn_once(clip, folder):
    drawn = []
    again = prepared("single", clip.entrance, folder, lambda: drawn.append(1))
    assert drawn == []
    assert again.truth == clip.truth


@pytest.mark.parametrize("harm", ["shortened", "altered", "no truth"])
def test_a_clip_that_is_not_what_is_drawn_today_is_drawn_again(tmp_path, harm):
    source = entrance("single", 5, 320, 180, 5.0, 4)
    first = prepared("x", source, tmp_path)
    if harm == "no truth":
        first.path.with_suffix(".json").unlink()
    else:
        content = bytearray(first.path.read_bytes())
        first.path.write_bytes(content[:-1] if harm == "shortened" else bytes(255 - value for value in content))
    drawn = []
    again = prepared("x", source, tmp_path, lambda: drawn.append(1))
    assert len(drawn) == len(again) == len(first)
    assert not list(tmp_path.glob("*.part"))


def test_a_clip_s_file_that_ends_early_is_an_error(tmp_path):
    made = prepared("x", entrance("single", 5, 320, 180, 5.0, 4), tmp_path)
    made.path.write_bytes(made.path.read_bytes()[: made.frame_bytes + 9])
    source = ClipSource(made)
    assert source.read() is not None
    with pytest.raises(ClipError, match="expected"):
        source.read()
    source.close()


def test_half_of_the_single_clip_is_empty_and_the_bus_brings_twelve():
    single = entrance("single", 60, 64, 64, 2.0, 0)
    there = [frame.visit for frame in single]
    assert 0.35 < np.mean(there) < 0.6
    bus = entrance("bus", 14, 320, 180, 1.0, 0)
    assert max(sum(face.visible > 0.5 for face in frame.truth) for frame in bus) == 12


def test_another_kind_of_clip_is_refused():
    with pytest.raises(ClipError, match="expected single or bus"):
        entrance("party", 9, 640, 360, 15.0, 3)


def test_the_gate_refuses_a_clip_with_a_frame_of_something_else(tmp_path, networks):
    made = prepared("x", entrance("single", 5, 320, 180, 5.0, 4), tmp_path)
    content = bytearray(made.path.read_bytes())
    content[3 * made.frame_bytes : 3 * made.frame_bytes + 40_000] = bytes(40_000)
    made.path.write_bytes(content)
    with pytest.raises(Refused, match="synthetic-people"):
        prepare(made, *networks, settings("x"), quiet)


def test_what_the_gate_draws_again_is_the_clip_s_frame(clip):
    drawn = draw(5, Recorded(clip.entrance))
    assert drawn.shape == (540, 640, 1)
    assert np.array_equal(drawn[..., 0], packed(clip.entrance.frame(5).pixels))


def test_opencv_s_detector_finds_what_the_core_s_finds(clip, networks):
    ours, theirs = open_detector(networks[0]), FaceDetectorYN(networks[0], 0.6)
    compared = 0
    for number, told in enumerate(clip.truth):
        if number % 5 or not told.faces:
            continue
        pixels = clip.entrance.frame(number).pixels
        one, other = ours.detect(Picture(pixels, "x", b"")), theirs.detect(pixels)
        assert len(one) == len(other)
        for face, same in zip(one, other, strict=True):
            compared += 1
            assert np.allclose(face.points, same.points, atol=0.5)
            assert face.score == pytest.approx(same.score, abs=0.01)
    assert compared >= 5


def test_the_plain_loop_embeds_every_face_in_every_frame(bench):
    loop = PlainLoop(bench.plain_detector, None, bench.recogniser, bench.digests, (320, 180))
    calls = bench.meters[1].calls
    play(bench, loop, paced=False)
    assert bench.meters[1].calls - calls == len(loop.sightings) >= 15


def test_frigate_s_schedule_embeds_at_most_twelve_times_a_track_five_times_a_second(bench):
    never = FrigateSchedule(bench.plain_detector, bench.recogniser, bench.digests, (320, 180), threshold=2.0)
    played = play(bench, never, paced=False)
    assert 3 <= never.embeddings <= 12 * len(never.followed)
    assert never.detections <= len(played.cpu_ns) / 3
    at_once = FrigateSchedule(bench.plain_detector, bench.recogniser, bench.digests, (320, 180), threshold=-1.0)
    play(bench, at_once, paced=False)
    assert at_once.embeddings <= 6 * len(at_once.followed)


def test_without_face_recognition_the_peers_are_those_written_here(monkeypatch):
    monkeypatch.setattr(FaceRecognition, "MODULE", "face_recognition_that_nobody_has")
    assert present() == PEERS
    with pytest.raises(ImportError):
        FaceRecognition({}, lambda _: None)


def test_face_recognition_s_own_loop_is_measured_where_it_is_installed(bench, monkeypatch):
    """A stand-in with that library's three functions: faces where a frame is brightest, encoded by their mean."""

    def places(pixels):
        assert pixels.shape == (90, 160, 3)
        return [(10, 60, 50, 20)]

    def encodings(pixels, known=None):
        return [np.full(128, pixels.mean() / 255)] * (1 if known is None else len(known))

    library = types.ModuleType("standin_recognition")
    library.face_locations, library.face_encodings = places, encodings
    library.face_distance = lambda known, one: np.linalg.norm(known - one, axis=1)
    monkeypatch.setitem(sys.modules, "standin_recognition", library)
    library.__spec__ = importlib.machinery.ModuleSpec("standin_recognition", None)
    monkeypatch.setattr(FaceRecognition, "MODULE", "standin_recognition")
    assert present()[-1] == "face_recognition"
    told = measure(bench, ("face_recognition",), False, quiet)
    assert told["ratio"]["cpu_per_visit_vs_face_recognition"] > 0
    peer = FaceRecognition({7: [bench.clip.entrance.frame(0).pixels]}, bench.covered)
    play(bench, peer, paced=False)
    assert len(peer.sightings) == (len(bench.clip) + 1) // 2
    assert {sighting.subject for sighting in peer.sightings} == {"7"}
    assert peer.sightings[0].box == Box(80, 40, 160, 160)


def test_face_recognition_encodes_no_frame_that_no_permit_covers(bench, monkeypatch):
    library = types.ModuleType("standin_recognition")
    library.face_encodings = lambda *_: []
    monkeypatch.setitem(sys.modules, "standin_recognition", library)
    monkeypatch.setattr(FaceRecognition, "MODULE", "standin_recognition")

    def refuse(_):
        raise Refused(Verdict.of())

    with pytest.raises(Refused):
        play(bench, FaceRecognition({}, refuse), paced=False)


def test_the_measurement_adds_up(bench, networks):
    told = measure(bench, PEERS, False, quiet)
    whole = document({"single": told}, networks, bench.settings, False)
    json.dumps(whole, allow_nan=False)
    ratio = whole["ratio"]["single"]
    assert set(ratio) == {
        "cpu_per_visit_vs_opencv_loop",
        "cpu_per_visit_vs_opencv_loop_own_backend",
        "cpu_per_visit_vs_frigate_schedule",
        "cpu_per_visit_vs_floor",
    }
    core, loop = told["loops"]["core"], told["loops"]["opencv_loop"]
    assert ratio["cpu_per_visit_vs_opencv_loop"] == core["cpu_s_per_visit"] / loop["cpu_s_per_visit"]
    assert 0 < ratio["cpu_per_visit_vs_opencv_loop"] < 0.5
    assert told["work"]["embeddings"] < len(bench.clip.people) * 5
    assert told["work"]["frames"] == told["frames"] == len(bench.clip)
    assert sum(told["reasons"].values()) == told["work"]["tracks"]
    assert told["visits"] == len(bench.clip.people)
    assert whole["overhead_ms_per_frame"] > 0
    assert core["visits"]["compared"] >= 1


@pytest.fixture(scope="module")
def paced(bench):
    """An idle consumer's run at the camera's pace, and how long it took, s."""
    begun = time.monotonic()
    return play(bench, Idle(), paced=True), time.monotonic() - begun


def test_paced_it_keeps_up_with_the_camera(bench, paced):
    played, seconds = paced
    assert seconds >= (len(bench.clip) - 1) / 15
    assert played.counts.arrived == len(bench.clip)
    assert played.counts.dropped <= 0.2 * len(bench.clip)  # the machine may be busy; the real bound is the bench's


def test_a_run_that_dropped_frames_is_void(bench, paced, monkeypatch):
    whole = replace(paced[0], counts=replace(paced[0].counts, arrived=100, dropped=2))
    ticks = iter([(0, 0), (6, 100)])
    monkeypatch.setattr(bench_core, "play", run_core(whole))
    monkeypatch.setattr("edge.health.Machine.ticks", lambda _: next(ticks))
    monkeypatch.setattr("edge.health.Machine.throttle", lambda _: 0x50000)
    told = measure(bench, (), True, quiet)
    assert told["condition"]["steal"] == 0.06
    assert told["condition"]["throttle"] == 0x50000
    assert told["void"] == [
        "2.0% of the frames were dropped",
        "throttle word 0x50000: under-voltage since the machine began, throttled since the machine began",
        "6.0% of the time was given to other machines (at most 5%)",
    ]


def run_core(told):
    """`play` that looks at one frame and tells of another run."""

    def play_(bench, peer, paced):
        source = ClipSource(bench.clip)
        peer.step(source.read())
        source.close()
        return told

    return play_


@pytest.fixture(scope="module")
def measured(bench):
    return measure(bench, (), False, quiet)


def test_what_the_core_s_networks_ran_is_counted_by_size(measured):
    told = measured
    work = told["work"]
    counts = {(one["network"], *one["input"][2:]): one["count"] for one in told["inferences"]}
    assert counts["bundled-embedder", 112, 112] == work["embeddings"] > 0
    assert counts["bundled-detector", 160, 160] >= work["shots"] > 0
    detections = sum(count for (name, *_), count in counts.items() if name == "bundled-detector")
    assert detections >= work["detections"] + work["shots"]
    assert 0 < told["networks_cpu_s_per_visit"] < told["loops"]["core"]["cpu_s"]


def test_the_stopwatch_switched_off_costs_next_to_nothing(measured):
    told = measured["instrumentation"]
    assert 3 <= told["calls_per_frame"] <= 20
    assert told["off_ns_per_call"] < told["on_ns_per_call"]
    assert told["off_share"] < 0.01
    assert told["off_share"] < told["on_share"]


def test_how_evenly_frames_arrived_is_told_of_a_paced_run_alone(measured, paced):
    assert sum(count for _, _, count in paced[0].pacing.table()) == paced[0].counts.taken - 1
    assert measured["pacing_ms"] is None


def test_a_board_that_is_not_here_is_derived_from_work_and_published_figures(measured, networks):
    told = measured
    derived = table(told, networks)
    assert derived["derived"] is True
    assert "not measured" in derived["note"]
    assert derived["measure_with"].startswith("threshold bench core")
    assert not any(each["verified"] for each in derived["published"])
    stages = {each["stage"]: each for each in derived["stages"]}
    template = stages["template, 112 × 112"]
    assert {"find faces, 160 × 160", "find faces, 480 × 288"} <= stages.keys()
    visits = told["visits"]
    assert template["times"] == told["work"]["embeddings"] / visits
    assert template["million"] == pytest.approx(121.74, abs=0.01)
    for each in stages.values():
        assert each["least_ms"] == pytest.approx(each["times"] * each["million"] / 19.2)
        assert each["least_ms"] < each["low_ms"] < each["high_ms"]
    assert derived["networks_cpu_ms_per_visit"]["high_ms"] == pytest.approx(
        sum(each["high_ms"] for each in stages.values())
    )
    assert derived["all_else_cpu_ms_per_visit_on_this_machine"] >= 0
    assert 0 < derived["share_of_four_cores"]["low_ms"] < derived["share_of_four_cores"]["high_ms"]


def test_the_work_of_a_network_is_counted(networks):
    detector, embedder = (each.read() for each in networks)
    whole = multiply_adds(any_size(detector), (1, 3, 320, 320))
    assert whole == 4 * multiply_adds(any_size(detector), (1, 3, 160, 160))
    with pytest.raises(WorkError, match=r"Conv .*: expected a known shape"):
        multiply_adds(any_size(detector), (1, 3, 48, 80))  # the pyramid's halves don't meet
    assert multiply_adds(embedder, (1, 3, 112, 112)) == 121_738_792


def test_a_published_time_s_rate_is_never_above_what_a_core_can_do():
    for each in (*FINDING, *EMBEDDING):
        low, high = each.rates
        assert 0 < low <= high <= PEAK
        assert each.threads is None or low == high
    sface = next(each for each in EMBEDDING if each.what.startswith("SFace"))
    assert sface.rates == pytest.approx((574 / 28.94 / 4, 574 / 28.94 / 2))  # one core can't have done it


@needs_models
def test_the_work_of_yunet_is_as_published():
    """86.06 million at 320 × 320, counted apart from this code."""
    yunet = Registry.bundled().locate("yunet-2023mar", MODELS)
    assert multiply_adds(any_size(yunet.read()), (1, 3, 320, 320)) == pytest.approx(86.06e6, rel=1e-3)


@pytest.mark.parametrize("switches", [("--race", "--forget"), ("--race", "--derive", "pi5")])
def test_one_thing_at_a_time(switches):
    assert run(*switches).exit_code == 2


def test_a_race_takes_rounds():
    assert run("--race", "--rounds", "3").exit_code == 2


def test_the_floor_is_one_detection_and_one_embedding_a_visit(bench):
    before = [meter.calls for meter in bench.meters[:2]]
    seconds = floor(bench, rounds=2)
    assert [meter.calls - count for meter, count in zip(bench.meters[:2], before, strict=True)] == [
        2 * len(bench.clip.visible)
    ] * 2
    assert 0 < seconds < 1


def test_a_visit_is_recognised_by_the_first_score_that_reaches_the_threshold():
    told = ((0.3, "a"), (0.6, "b"), (0.9, "a"))
    assert [name_at(told, at) for at in (0.2, 0.5, 0.7, 0.95)] == ["a", "b", "a", None]
    assert name_at((), 0.0) is None


def test_the_threshold_lets_through_the_share_asked_for():
    strangers = [((score, "x"), (score - 0.1, "y")) for score in np.arange(100) / 100] + [()] * 100
    for target in (0.005, 0.01, 0.1):
        at = threshold_for(strangers, target)
        assert sum(name_at(told, at) is not None for told in strangers) == int(target * 200)


def test_errors_are_compared_visit_by_visit():
    def visit(person: int, enrolled: bool, core: float, loop: float, name: str = "") -> Visit:
        name = name or str(person)
        return Visit(person, enrolled, ((core, name),), ((loop, name),), 1, 9)

    visits = [
        visit(1, True, 0.9, 0.9),
        visit(2, True, 0.1, 0.9),
        visit(3, True, 0.9, 0.9, name="1"),
        visit(4, False, 0.1, 0.9),
    ]
    told = compare(visits, 0.5, 0.5)
    assert told["fnir"]["core"]["errors"] == 2
    assert told["fnir"]["loop"]["errors"] == 1
    assert told["fnir"]["difference"] == pytest.approx(1 / 3)
    assert (told["fpir"]["core"]["errors"], told["fpir"]["loop"]["errors"]) == (0, 1)
    assert told["templates_per_visit"] == {"core": 1.0, "loop": 9.0}


def crossed(seed: str, people: int, galleries: int, chance: np.random.Generator, alike: float = 0.8) -> list[Visit]:
    """Strangers' visits, each beside every gallery, whose scores at the two ways are alike."""
    core = chance.normal(size=(people, galleries)) + 0.7 * chance.normal(size=(people, 1))
    loop = alike * core + (1 - alike**2) ** 0.5 * chance.normal(size=(people, galleries))
    return [
        Visit(person, False, ((core[person, one], "x"),), ((loop[person, one], "x"),), 1, 9, f"{seed}-{one}")
        for person in range(people)
        for one in range(galleries)
    ]


def test_an_interval_that_takes_thresholds_as_given_is_too_short_and_one_that_carries_their_chance_is_not():
    """Two ways alike, thresholds fixed for one FPIR: there is no difference to be found."""
    chance, covered, given, short = np.random.default_rng(5), 0, 0, 0
    for _ in range(200):
        tried, others = crossed("a", 150, 6, chance), crossed("b", 150, 6, chance)
        core_at, loop_at = (threshold_for((getattr(one, way) for one in others), 0.05) for way in ("core", "loop"))
        found = carried(tried, others, core_at, loop_at)
        errors = compare([*tried, Visit(-1, True, (), (), 0, 0)], core_at, loop_at)["fpir"]
        covered += found.low <= 0 <= found.high
        given += errors["interval"][0] <= 0 <= errors["interval"][1]
        short += errors["interval"][1] - errors["interval"][0] < found.high - found.low
    assert covered >= 185
    assert given < covered
    assert short > 180


def test_people_and_galleries_both_count_in_the_carried_interval():
    chance = np.random.default_rng(1)
    tried, others = crossed("a", 200, 9, chance), crossed("b", 2000, 9, chance)
    once, same, other = (
        carried(rows, others, 1.5, 1.5)
        for rows in (tried, tried + tried, tried + [replace(one, person=one.person + 1000) for one in tried])
    )
    assert same.high - same.low == pytest.approx(once.high - once.low, rel=0.01)  # the same people again tell nothing
    assert other.high - other.low < once.high - once.low  # though beside the same galleries
    ends = carried([replace(one, gallery="a") for one in tried], others, 2.0, 2.0)
    assert (ends.low, ends.high) == (-1.0, 1.0)  # of one gallery nothing is known of others


def test_a_stranger_is_compared_with_every_gallery_and_the_enrolled_with_their_own(networks):
    morning = Morning(seed=98, enrolled=4, strangers=1, galleries=2, come=1)
    assert morning.visits == 2
    found = visited(morning, *networks, settings("bundled-embedder"))
    first, stranger = morning.people[0], morning.people[-1]
    assert sorted((one.person, one.gallery) for one in found) == [
        (first, "98-0"), (stranger, "98-0"), (stranger, "98-1")
    ]  # fmt: skip
    own = {str(person) for person in morning.people[:4:2]}
    for one in found:
        names = {name for _, name in one.core + one.loop}
        assert names <= own if one.gallery == "98-0" else not names & own
    assert len({(one.core_templates, len(one.core)) for one in found if not one.enrolled}) == 1


def test_whole_visits_are_seen_by_both(networks):
    found = visited(Morning(seed=99, enrolled=2, strangers=1), *networks, settings("bundled-embedder"))
    assert [one.enrolled for one in sorted(found, key=lambda one: one.person)] == [True, True, False]
    for one in found:
        assert len(one.core) == one.core_templates <= 4 + 4
        assert len(one.loop) == one.loop_templates
        assert one.loop_templates > one.core_templates


def run(*arguments: str):
    return CliRunner().invoke(app, ["bench", "core", *arguments])


def test_the_command_gives_one_document(tmp_path):
    size = ("--seconds", "6", "--width", "320", "--height", "180", "--rate", "5", "--no-pace")
    done = run("--source", "synthetic", "--clip", "single", *size, "--out", str(tmp_path), "--json")
    assert done.exit_code == 0, done.output
    told = json.loads(done.stdout)
    assert set(told["ratio"]) == {"single"}
    assert told["liveness"] == "not installed"
    assert json.loads((tmp_path / "core.json").read_text()) == told


def test_frames_of_a_camera_are_refused_before_an_embedder_is_opened(tmp_path, monkeypatch):
    file = tmp_path / "door.mp4"
    file.write_bytes(b"anything")
    monkeypatch.setattr("edge.vision.open_embedder", lambda *_, **__: pytest.fail("opened"))
    assert isinstance(run("--source", str(file)).exception, Refused)


def test_a_source_that_is_not_there_is_named(tmp_path):
    done = run("--source", str(tmp_path / "none.mp4"))
    assert "none.mp4: expected `synthetic` or a video file" in str(done.exception)


def test_odd_sizes_are_wrong_use():
    assert run("--width", "641").exit_code == 2
