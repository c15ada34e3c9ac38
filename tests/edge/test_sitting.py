"""A sitting: what the person is told, what is taken and what is thrown away."""

from __future__ import annotations

import time
from dataclasses import dataclass, field

import cv2
import numpy as np
import pytest

from edge.core.capture import Capture
from edge.core.frame import Frame, of_bgr
from edge.core.source import Drawn, SourceError
from edge.face import Box, Face, frozen
from edge.sitter import Sitter, draw, sitter
from edge.sitting import FAILED, HINTS, WHY, Sitting, SittingError, Terms, reference, said, sit
from edge.vision import open_detector
from models.people.render import View, render, truth
from models.registry import Registry
from policy.enrolment import CaptureFailed
from policy.synthetic import Claim

SECOND = 10**9
SEEN = View(width=320, height=240, face_px=110.0)


def face(at: tuple[float, float] = (0.0, 0.0), scale: float = 1.0) -> Face:
    """The drawn face of SEEN, or the same elsewhere and larger or smaller."""
    points = (truth(5, SEEN).points * scale + at).astype(np.float32)
    frozen(points)
    (left, top), (right, bottom) = points.min(0), points.max(0)
    wide = 2.0 * (right - left)
    return Face(Box((left + right) / 2 - wide / 2, (top + bottom) / 2 - wide / 2, wide, wide), points, 0.99)


@dataclass
class Scripted:
    """A detector that finds what a test says; in a close-up window nothing, so that faces stay where they are."""

    found: list[tuple[Face, ...]] = field(default_factory=list)

    def detect(self, picture):
        return self.found.pop(0) if picture.name == "frame" else ()


def shown(seconds: float, pixels: np.ndarray | None = None, number: int = 0) -> Frame:
    picture = render(5, SEEN) if pixels is None else pixels
    return Frame(number, round(seconds * SECOND), time.monotonic_ns(), of_bgr(picture.copy()))


def sitting(*found: tuple[Face, ...], **terms) -> Sitting:
    return Sitting(Scripted(list(found)), Terms(**({"enough_px": 90.0} | terms)))


@pytest.fixture(scope="module")
def finder():
    return open_detector(Registry.bundled().locate("bundled-detector"))


def test_a_drawn_person_sits_and_three_pictures_of_different_moments_are_taken(finder):
    hints: list[tuple[str, int]] = []
    with Capture(lambda: Every(Sitter((3,), rate=8.0))) as capture:
        shots = sit(capture, Sitting(finder), lambda hint, count: hints.append((hint, count)))
    assert len(shots) == 3
    apart = np.diff([shot.time_ns for shot in shots]) / SECOND
    assert (apart >= Terms().apart_s - Terms().moment_s).all()
    assert all(shot.quality.score >= Terms().good for shot in shots)
    assert hints[0] == ("nobody", 0)
    assert hints[-1] == ("stay", 3)
    assert "closer" in [hint for hint, _ in hints], "the person comes from afar"


class Every(Drawn):
    """The drawn entrance, slow enough that no frame is dropped."""

    def __init__(self, entrance) -> None:
        super().__init__(entrance, "BGR")

    def read(self):
        time.sleep(0.03)
        return super().read()


def test_a_shot_is_of_the_very_frame_that_the_gate_draws_again(finder):
    who = sitter("synthetic:3")
    (shot, *_) = sit_through(finder, who)
    again = draw(shot.number, who)
    assert Claim(shot.number, who, again).digest == shot.digest
    assert Claim(shot.number + 1, who, draw(shot.number + 1, who)).digest != shot.digest


def sit_through(finder, who: Sitter):
    seen = Sitting(finder, Terms(pictures=1))
    source = Drawn(who, "BGR")
    while not seen.shots:
        seen.step(source.read())
    return seen.shots


def test_two_faces_and_nothing_is_kept():
    seen = sitting((face(),), (face(), face((120, 0))), ())
    assert seen.step(shown(0)) == "stay"
    assert len(seen.shots) == 1
    assert seen.step(shown(0.1)) == "several"
    assert seen.shots == ()
    assert seen.why == "several-faces"


def test_somebody_else_in_the_chair_begins_anew():
    seen = sitting((face(),), (face((150, 0), 0.9),))
    seen.step(shown(0, None, 7))
    assert [shot.number for shot in seen.shots] == [7]
    seen.step(shown(0.1, None, 8))
    assert 7 not in [shot.number for shot in seen.shots]


def test_a_face_lost_for_long_begins_anew_and_a_blink_of_the_detector_does_not():
    seen = sitting((face(),), (), (face(),), (), (face(),), enough_px=90.0)
    seen.step(shown(0))
    seen.step(shown(0.5))
    assert len(seen.shots) == 1
    seen.step(shown(0.6))
    seen.step(shown(2.0))
    assert seen.shots == ()
    seen.step(shown(2.1))
    assert len(seen.shots) == 1


def test_frames_missing_for_long_begin_anew():
    seen = sitting((face(),), (face(),))
    seen.step(shown(0, None, 7))
    assert [shot.number for shot in seen.shots] == [7]
    seen.step(shown(5, None, 8))
    assert [shot.number for shot in seen.shots] == [8]


def test_the_best_of_a_moment_is_taken():
    blurred = cv2.GaussianBlur(render(5, SEEN), (0, 0), 4)
    seen = sitting(*[(face(),)] * 4, good=0.05)
    seen.step(shown(0, blurred, 0))
    seen.step(shown(0.2, None, 1))
    assert [shot.number for shot in seen.shots] == [1]
    seen.step(shown(0.3, blurred, 2))
    assert [shot.number for shot in seen.shots] == [1]
    seen.step(shown(1.0, None, 3))
    assert [shot.number for shot in seen.shots] == [1, 3]


@pytest.mark.parametrize(
    ("hint", "found", "pixels"),
    [
        ("nobody", (), None),
        ("whole-face", (face((-130, 0)),), None),
        ("closer", (face((60, 60), 0.4),), None),
        ("light", (face(),), render(5, SEEN) // 6),
        ("hold-still", (face(),), cv2.GaussianBlur(render(5, SEEN), (0, 0), 6)),
    ],
    ids=str,
)
def test_a_person_is_told_what_is_wrong(hint, found, pixels):
    seen = sitting(found)
    assert seen.step(shown(0, pixels)) == hint
    assert seen.shots == ()
    assert seen.why == WHY[hint]


def test_a_face_turned_away_is_told_to_look_here():
    points = truth(5, SEEN).points.copy()
    points[2, 0] += 0.5 * (points[1, 0] - points[0, 0])
    frozen(points)
    assert sitting((Face(face().box, points, 0.9),)).step(shown(0)) == "look-here"


def test_when_the_time_is_over_it_says_what_was_wrong_most(finder):
    empty = [shown(0.1 * number, np.full((240, 320, 3), 90, np.uint8), number) for number in range(60)]
    with Capture(lambda: Frames(empty)) as capture, pytest.raises(CaptureFailed, match="no face was seen") as caught:
        sit(capture, Sitting(finder, Terms(limit_s=1.0)), lambda *_: None)
    assert caught.value.reason == "no-face"


def test_the_time_is_limited(finder):
    begun = time.monotonic()
    with Capture(lambda: Frames([shown(0)] * 1000)) as capture, pytest.raises(CaptureFailed):
        sit(capture, Sitting(finder, Terms(limit_s=1.0, pictures=20)), lambda *_: None)
    assert time.monotonic() - begun < 5


def test_a_camera_that_stops_is_the_reason_and_what_was_taken_is_thrown_away():
    class Stops(Frames):
        def read(self):
            frame = super().read()
            if frame is None:
                raise SourceError("the cable is out")
            return frame

    seen = sitting(*[(face(),)] * 3)
    frames = [shown(0.1 * number, None, number) for number in range(3)]
    stopped = pytest.raises(CaptureFailed, match="the camera stopped")
    with Capture(lambda: Stops(frames.copy() if not seen.told else [])) as capture, stopped as caught:
        sit(capture, Sitting(seen.finder, Terms(limit_s=1.0), seen.told), lambda *_: None)
    assert caught.value.reason == "camera"


def test_a_camera_that_never_gives_a_frame_is_no_failure_of_the_person():
    def missing():
        raise SourceError("nothing is plugged in")

    with Capture(missing) as capture, pytest.raises(SourceError, match="nothing is plugged in"):
        sit(capture, sitting(), lambda *_: None)


class Frames:
    """Frames one after another, a hundredth of a second apart."""

    def __init__(self, frames: list[Frame]) -> None:
        self._frames = iter(frames)

    def read(self) -> Frame | None:
        time.sleep(0.01)
        return next(self._frames, None)

    def close(self) -> None:
        """Nothing to give back."""


def unit(*parts: float) -> np.ndarray:
    raw = np.array(parts, np.float32)
    return raw / np.linalg.norm(raw)


def test_pictures_of_one_person_become_one_reference():
    seen = sitting((face(),), pictures=1)
    seen.step(shown(0))
    shots = [seen.shots[0]] * 2
    template, agreement = reference(np.stack([unit(1, 0.1), unit(1, -0.1)]), shots, 0.5)
    assert template == pytest.approx([1, 0], abs=1e-6)
    assert agreement == pytest.approx(float(unit(1, 0.1) @ unit(1, -0.1)))


def test_pictures_that_do_not_agree_become_none():
    seen = sitting((face(),), pictures=1)
    seen.step(shown(0))
    with pytest.raises(CaptureFailed, match="agree with each other") as caught:
        reference(np.stack([unit(1, 0), unit(1, 0.1), unit(0, 1)]), [seen.shots[0]] * 3, 0.5)
    assert caught.value.reason == "unlike"


@pytest.mark.parametrize("language", ["en", "sv", "is"])
def test_every_hint_has_its_words(language):
    words = [said(hint, language) for hint in (*HINTS, "done")]
    assert len(set(words)) == len(HINTS) + 1
    assert language == "en" or not set(words) & {said(hint, "en") for hint in HINTS}


def test_every_failure_has_its_words():
    assert set(WHY.values()) | {"unlike", "camera"} == set(FAILED)


@pytest.mark.parametrize("wrong", [{"pictures": 0}, {"apart_s": 0.1}, {"limit_s": 0.5}, {"enough_px": 20.0}], ids=str)
def test_terms_that_cannot_be_are_named(wrong):
    with pytest.raises(SittingError, match=next(iter(wrong))):
        Terms(**wrong)
