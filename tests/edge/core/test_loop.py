"""The core: when it looks, what it asks before a template, and one decision a visit."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass, field, replace

import cv2
import numpy as np
import pytest

from edge.align import TEMPLATE
from edge.core.frame import Frame, of_i420
from edge.core.loop import Core, Request, Settings, SettingsError
from edge.core.source import converted
from edge.core.watch import Stopwatch
from edge.embed import unit
from edge.face import Box, Crop, Face, Picture
from edge.gallery import Candidate
from edge.network import NetworkError
from edge.vision import open_detector, open_embedder
from models.registry import Registry
from policy.gate import Gate, Refused
from policy.synthetic import Claim
from policy.verdict import Finding, Verdict

RATE = 30.0
WIDTH, HEIGHT = 640, 360
SETTINGS = Settings(threshold=0.6)
WALL = np.full((HEIGHT, WIDTH, 3), 120, np.uint8)
TEXTURE = cv2.GaussianBlur(np.random.default_rng(0).integers(30, 226, (400, 400, 3), dtype=np.uint8), (0, 0), 1.2)
TEXTURE = np.clip((TEXTURE.astype(float) - 128) * 3 + 128, 30, 225).astype(np.uint8)
TEXTURE, OTHER = (
    np.where(dark[:, None, None], 0.5 * TEXTURE, TEXTURE).astype(np.uint8)
    for dark in (np.arange(400) < 100, np.arange(400) > 250)
)


@dataclass(frozen=True)
class Someone:
    """A textured square with five points, in the picture from `begin` to `end` s, moving `speed` px a second."""

    begin: float = 1.0
    end: float = 4.0
    x: float = 200.0
    y: float = 160.0
    width: float = 120.0
    speed: float = 30.0
    growth: float = 0.0
    turned: float = 0.0
    """How far the nose is aside, in eye distances."""
    other: bool = False
    """Looks another: dark below, where others are dark above."""

    def face(self, time_s: float) -> Face | None:
        if not self.begin <= time_s < self.end:
            return None
        since = time_s - self.begin
        width = self.width + self.growth * since
        x = self.x + self.speed * since
        points = (TEMPLATE - 56) * (width / 90)
        points[2, 0] += self.turned * (points[1, 0] - points[0, 0])
        points = (points + np.array([x, self.y])).astype(np.float32)
        return Face(Box(x - width / 2, self.y - 0.6 * width, width, 1.2 * width), points, 0.9)


def frames(*people: Someone, seconds: float = 6.0, rate: float = RATE, size=(WIDTH, HEIGHT)):
    for number in range(round(seconds * rate)):
        pixels = WALL.copy()
        for someone in people:
            face = someone.face(number / rate)
            if face:
                left, top = round(face.box.left), round(face.box.top)
                part = pixels[max(0, top) : max(0, top + round(face.box.height)), max(0, left) :][
                    :, : round(face.box.width)
                ]
                part[:] = (
                    cv2.resize(OTHER if someone.other else TEXTURE, (part.shape[1], part.shape[0]))
                    if part.size
                    else part
                )
        planes = converted(cv2.resize(pixels, size), "I420")
        yield Frame(number, round(number * 1e9 / rate), time.monotonic_ns(), planes)


@dataclass
class Script:
    """A detector that knows where people are; counts its calls."""

    people: tuple[Someone, ...]
    scale: float = 0.5
    calls: list[float] = field(default_factory=list)
    now: float = 0.0

    def detect(self, picture: Picture) -> tuple[Face, ...]:
        if picture.name == "window":  # a second look finds nothing new
            return ()
        self.calls.append(self.now)
        scale = picture.width / WIDTH
        found = [someone.face(self.now) for someone in self.people]
        return tuple(
            Face(
                Box(*(scale * value for value in (face.box.left, face.box.top, face.box.width, face.box.height))),
                (face.points * scale).astype(np.float32),
                face.score,
            )
            for face in found
            if face
        )


@dataclass
class Teller:
    """A recogniser whose scores are told in turn; the last is told again."""

    scores: list[float] = field(default_factory=lambda: [0.9])
    crops: list[Crop] = field(default_factory=list)
    refuses: bool = False

    def embed(self, crops: list[Crop]) -> np.ndarray:
        if self.refuses:
            raise Refused(
                Verdict.of(
                    Finding(
                        rule="consent",
                        outcome="refuse",
                        citations=("GDPR Art 7(3)",),
                        message="withdrawn",
                        mark="project-rule",
                    )
                )
            )
        self.crops += crops
        return unit(np.ones((len(crops), 8), np.float32))

    def best(self, probe: np.ndarray) -> Candidate:
        assert np.linalg.norm(probe) == pytest.approx(1, abs=1e-5)
        return Candidate("s1", self.scores[min(len(self.crops), len(self.scores)) - 1])


def run(*people: Someone, teller=None, ask=None, settings=SETTINGS, given=None, **how):
    """All decisions, the core and the detector."""
    teller = teller or Teller()
    script = Script(people)
    core = Core(script, ask or (lambda _: teller), settings)
    decided = []
    frame = None
    for frame in given or frames(*people, **how):
        script.now = frame.time_ns / 1e9
        decided += core.step(frame)
    return decided + core.finish(frame), core, script


def test_a_visit_is_one_decision_and_one_embedding():
    teller = Teller()
    decided, core, _ = run(Someone(), teller=teller)
    assert [(one.reason, one.subject, one.score, one.shots) for one in decided] == [("matched", "s1", 0.9, 1)]
    assert len(teller.crops) == core.tally.embeddings == 1
    assert core.tally.tracks == 1
    assert core.tracks == ()
    assert 1.0 <= decided[0].time_ns / 1e9 <= 1.3
    assert decided[0].took_ns > 0


def test_an_empty_scene_is_searched_every_few_seconds_only():
    _, core, script = run(seconds=10)
    assert core.tally.frames == 300
    assert core.tally.detections == len(script.calls) == 3
    assert np.diff(script.calls) == pytest.approx([4.0, 4.0], abs=0.1)


def test_one_person_takes_few_detections():
    _, _core, script = run(Someone(end=5.0))
    within = [call for call in script.calls if 1 <= call < 5]
    assert len(within) <= 15  # of 120 frames
    assert min(within) - 1.0 <= 0.15


def test_an_undecided_track_is_looked_at_seven_times_a_second():
    _, _, script = run(Someone(end=3.0), ask=lambda _: None)
    within = [call for call in script.calls if 1.2 <= call < 3]
    assert 11 <= len(within) <= 16


def test_following_a_large_face_takes_a_smaller_picture_but_newcomers_are_looked_for_all_the_same():
    widths: list[tuple[float, int]] = []

    class Noting(Script):
        def detect(self, picture: Picture) -> tuple[Face, ...]:
            if picture.name != "window":
                widths.append((self.now, picture.width))
            return super().detect(picture)

    script = Noting((Someone(end=5.0, width=150),))
    core = Core(script, lambda _: None, SETTINGS)
    for frame in frames(*script.people):
        script.now = frame.time_ns / 1e9
        core.step(frame)
    followed = [width for time_s, width in widths if 1.5 <= time_s < 4.9]
    assert min(followed) == 192
    assert max(followed) == SETTINGS.detect_px
    assert core.tally.near == sum(width < SETTINGS.detect_px for _, width in widths) >= len(followed) / 2
    wide = [time_s for time_s, width in widths if width == SETTINGS.detect_px and 1 <= time_s < 5]
    assert max(np.diff(wide)) <= SETTINGS.wide_s + 0.2


def test_a_small_face_is_followed_at_full_width():
    _, core, _ = run(Someone(width=34, speed=5))
    assert core.tally.near == 0


def test_a_face_that_stays_far_is_embedded_all_the_same_but_late():
    teller = Teller()
    decided, _, _ = run(Someone(width=36, speed=0, end=8.0), teller=teller, seconds=9)
    assert [(one.reason, one.shots) for one in decided] == [("matched", 1)]
    assert SETTINGS.patience_s + SETTINGS.decide_s - 0.1 <= decided[0].time_ns / 1e9 - 1.0 <= 4.5


def test_a_face_that_was_far_and_is_gone_again_is_decided_on_what_there_was_if_it_was_followed():
    for end, reason in ((2.5, "matched"), (1.5, "poor-shots")):
        decided, _, _ = run(Someone(width=36, speed=0, end=end))
        assert [one.reason for one in decided] == [reason]


def test_a_face_seen_once_is_no_shot():
    teller = Teller()
    decided, _, _ = run(Someone(end=1.1), teller=teller)
    assert [one.reason for one in decided] == ["poor-shots"]
    assert teller.crops == []


def test_a_stranger_is_decided_against_once():
    teller = Teller([0.2])
    decided, core, _ = run(Someone(end=5.5), teller=teller)
    assert [one.reason for one in decided] == ["below-threshold"]
    assert decided[0].score == 0.2
    assert core.tally.embeddings <= SETTINGS.most_shots
    assert decided[0].time_ns / 1e9 <= 1.0 + SETTINGS.decide_s + 0.3


def test_a_clearly_better_shot_is_embedded_again_while_undecided():
    teller = Teller([0.5, 0.7])
    decided, _, _ = run(Someone(width=70, growth=25, end=4.5), teller=teller)
    assert [(one.reason, one.shots) for one in decided] == [("matched", 2)]
    assert len(teller.crops) == 2


def test_after_the_decision_nothing_is_embedded_any_more():
    teller = Teller([0.9])
    run(Someone(width=70, growth=25, end=4.5), teller=teller)
    assert len(teller.crops) == 1


@pytest.mark.parametrize("first", ["matched", "below-threshold"])
@pytest.mark.parametrize(
    "other",
    [
        Someone(begin=2.4, end=5.4, x=242, speed=0),  # a moment later at the very place
        Someone(begin=2.0, end=5.0, x=242, speed=0, width=190),  # at once, nearer
        Someone(begin=2.0, end=5.0, x=390, speed=0),  # at once, beside
        Someone(begin=2.0, end=5.0, x=240, speed=40, other=True),  # at once, at the very place
    ],
)
def test_whoever_takes_the_place_of_someone_decided_on_is_decided_on_anew(first, other):
    teller = Teller([0.9, 0.2] if first == "matched" else [0.2, 0.9])
    second = "below-threshold" if first == "matched" else "matched"
    settings = replace(SETTINGS, most_shots=1)
    decided, core, _ = run(Someone(end=2.0, speed=40), other, teller=teller, settings=settings)
    assert [one.reason for one in decided] == [first, second]
    assert [one.track for one in decided] == [1, 2]
    assert core.tally.embeddings == 2


def test_a_shot_of_one_is_not_mixed_with_another_s():
    decided, _, _ = run(
        Someone(end=1.6, width=80, speed=0), Someone(begin=1.6, width=90, speed=0, other=True), teller=Teller([0.3])
    )
    assert len({one.track for one in decided}) == len(decided) == 2
    assert all(one.seen_ns < 1.6e9 or one.first_ns >= 1.6e9 for one in decided)


def test_a_poor_shot_is_embedded_at_the_deadline_only():
    teller = Teller()
    decided, _, _ = run(Someone(width=45, speed=15, end=4.0), teller=teller)
    assert [one.reason for one in decided] == ["matched"]
    assert 0.7 <= decided[0].time_ns / 1e9 - 1.0 <= 1.0


def test_who_leaves_before_the_deadline_is_decided_on_the_best_shot_there_was():
    decided, _, _ = run(Someone(width=45, end=1.5))
    assert [(one.reason, one.shots) for one in decided] == [("matched", 1)]


@pytest.mark.parametrize("someone", [Someone(width=20), Someone(turned=0.9), Someone(x=-20, speed=0)])
def test_too_small_turned_away_or_cut_off_is_no_shot(someone):
    teller = Teller()
    decided, _, _ = run(someone, teller=teller)
    assert {one.reason for one in decided} == {"poor-shots"}
    assert teller.crops == []
    assert decided[0].subject is decided[0].score is None


def test_without_a_permit_no_template_is_computed():
    asked: list[Request] = []
    decided, core, _ = run(Someone(), ask=asked.append)
    assert [one.reason for one in decided] == ["no-permit"]
    assert core.tally.embeddings == 0
    assert (asked[0].track, asked[0].faces) == (1, 1)
    assert 0 <= asked[0].time_ns - asked[0].searched_ns <= 500_000_000
    assert asked[0].arrived_ns > 0


def test_a_permit_that_comes_later_is_used_at_once():
    teller = Teller()
    decided, _, _ = run(
        Someone(end=5.0), teller=teller, ask=lambda request: teller if request.time_ns > 3_000_000_000 else None
    )
    assert [one.reason for one in decided] == ["matched"]
    assert 3.0 < decided[0].time_ns / 1e9 <= 3.0 + SETTINGS.look_s + 1 / RATE


def test_a_lane_is_told_how_many_faces_there_are():
    asked: list[Request] = []
    run(Someone(x=150), Someone(x=420), ask=asked.append)
    assert max(request.faces for request in asked) == 2


def test_a_refusal_of_the_gate_is_a_decision_with_its_reason():
    decided, _, _ = run(Someone(), teller=Teller(refuses=True))
    assert [one.reason for one in decided] == ["no-permit"]
    assert "withdrawn" in decided[0].detail


def test_a_broken_network_is_no_decision():
    class Broken(Teller):
        def embed(self, crops):
            raise NetworkError("broken")

    with pytest.raises(NetworkError):
        run(Someone(), teller=Broken())


def test_several_people_are_decided_each_once():
    decided, core, _ = run(
        *(Someone(x=90 + 150 * place, width=90, speed=0, begin=1 + 0.2 * place) for place in range(4))
    )
    assert sorted(one.track for one in decided) == [1, 2, 3, 4]
    assert core.tally.embeddings == 4


def test_frames_that_never_came_are_counted():
    given = [frame for frame in frames(Someone()) if frame.number % 3]
    _, core, _ = run(Someone(), given=given)
    assert core.tally.frames == len(given)
    assert core.tally.missed == 59


def test_another_resolution_begins_anew():
    first = list(frames(Someone(), seconds=2))
    larger = list(frames(Someone(), seconds=6, size=(1280, 720)))[60:]
    decided, core, _ = run(Someone(), given=first + larger, ask=lambda _: None)
    assert [one.reason for one in decided] == ["no-permit", "no-permit"]
    assert core.tally.tracks == 2


def test_a_decision_says_where_and_when():
    decided, _, _ = run(Someone())
    one = decided[0]
    expected = Someone().face(one.seen_ns / 1e9)
    assert one.box.left == pytest.approx(expected.box.left, abs=2)
    assert one.first_ns <= one.seen_ns <= one.time_ns


def test_stamps_that_jump_back_or_stand_still_are_survived():
    given = [
        replace(frame, time_ns=0 if frame.number % 7 else 10**9 * (frame.number % 3)) for frame in frames(Someone())
    ]
    _, core, _ = run(Someone(), given=given)
    assert core.tally.frames == len(given)


@pytest.mark.parametrize("kind", ["noise", "black", "white", "torn"])
def test_frames_of_nonsense_are_survived_without_growth(kind):
    chance = np.random.default_rng(0)
    registry = Registry.bundled()
    core = Core(open_detector(registry.locate("bundled-detector")), lambda _: None, SETTINGS)
    size = 96 * 64 * 3 // 2
    makers = {
        "noise": lambda: chance.integers(0, 256, size, dtype=np.uint8),
        "black": lambda: np.zeros(size, np.uint8),
        "white": lambda: np.full(size, 255, np.uint8),
        "torn": lambda: np.roll(chance.integers(0, 256, size, dtype=np.uint8) // 128 * 200, size // 3),
    }
    for number in range(200):
        buffer = makers[kind]()
        core.step(Frame(number, number * 33_000_000, 0, of_i420(buffer, 96, 64)))
    assert len(core._visits) == len(core.tracks) <= 20


def test_the_stopwatch_says_where_the_time_went():
    watch, teller, script = Stopwatch(), Teller(), Script((Someone(),))
    core = Core(script, lambda _: teller, SETTINGS, watch)
    for frame in frames(Someone()):
        script.now = frame.time_ns / 1e9
        core.step(frame)
    told = watch.wall()
    assert told["motion"].n == core.tally.frames
    assert told["detect"].n == core.tally.detections
    assert told["embed"].n == told["frame-to-decision"].n == 1
    assert {"shrink", "track", "shot", "crop", "permit", "match", "decide"} <= set(told)


def test_the_core_starts_no_thread():
    before = threading.active_count()
    run(Someone())
    assert threading.active_count() == before


@pytest.mark.parametrize(
    ("setting", "value"),
    [
        ("threshold", 2.0),
        ("threshold", float("nan")),
        ("detect_px", 0),
        ("better", 1.0),
        ("most_shots", 0),
        ("good", -1),
    ],
)
def test_settings_that_cannot_be_are_refused_by_name(setting, value):
    with pytest.raises(SettingsError, match=setting):
        replace(SETTINGS, **{setting: value})


def test_with_the_gate_a_frame_is_embedded_only_under_a_permit_that_covers_it():
    registry, gate = Registry.bundled(), Gate(sets=[], render=lambda seed, view: np.full((4, 4, 3), seed, np.uint8))
    permit = gate.synthetic([Claim(7, None, np.full((4, 4, 3), 7, np.uint8))], "test")
    embedder = open_embedder(registry.locate("bundled-embedder"), gate, permit)

    class Lane(Teller):
        def embed(self, crops):
            return embedder.embed(crops)

    decided, _, _ = run(Someone(), teller=Lane())
    assert [one.reason for one in decided] == ["no-permit"]
    assert "permit-contents" in decided[0].detail


def test_a_face_is_not_even_cut_out_while_the_lane_says_no():
    _, core, _ = run(Someone(), ask=lambda _: None)
    assert core.tally.shots == 0


def test_what_one_recogniser_computed_does_not_count_for_another():
    """Two shots of 0.5 each: with one recogniser they are two shots of one visit, with two each begins anew."""
    first, second = Teller([0.5]), Teller([0.9])
    decided, _, _ = run(Someone(width=70, growth=25, end=4.5), ask=lambda _: second if first.crops else first)
    assert len(first.crops) == 1
    assert [(one.reason, one.shots) for one in decided] == [("matched", 1)]


def test_a_shot_held_for_one_recogniser_is_not_shown_to_another():
    """The shot is poor, so it is held; before its deadline another recogniser comes."""
    first, second = Teller(), Teller()
    cut = 1_500_000_000
    _, core, _ = run(
        Someone(width=45, speed=15, end=4.0), ask=lambda request: first if request.time_ns < cut else second
    )
    assert first.crops == []
    assert len(second.crops) == 1
    assert core.tally.shots >= 2


def test_what_was_computed_is_gone_when_the_lane_says_no():
    teller, script = Teller([0.5]), Script((Someone(width=70, growth=25, end=9.0),))
    core = Core(script, lambda _: None if teller.crops else teller, SETTINGS)
    for frame in frames(*script.people, seconds=2.5):
        script.now = frame.time_ns / 1e9
        core.step(frame)
    (visit,) = core._visits.values()
    assert len(teller.crops) == 1
    assert (visit.evidence.shots, visit.held, visit.best, visit.decided) == (0, None, None, False)


def test_renewed_a_track_is_asked_about_and_decided_again():
    teller = Teller([0.2, 0.2, 0.2, 0.2, 0.9])
    script = Script((Someone(end=9.0),))
    core, decided = Core(script, lambda _: teller, SETTINGS), []
    for frame in frames(Someone(end=9.0), seconds=9):
        script.now = frame.time_ns / 1e9
        decided += core.step(frame)
        if len(decided) == 1 and len(teller.crops) < 4:
            teller.crops += [teller.crops[0]] * (4 - len(teller.crops))
            renewed_ns = frame.time_ns
            core.renew()
    assert [one.reason for one in decided] == ["below-threshold", "matched"]
    assert decided[0].track == decided[1].track
    assert decided[1].shots == 1
    assert decided[1].time_ns - renewed_ns < 100_000_000
