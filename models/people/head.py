"""From an identity to a head on the canvas, straight on, in even light: colours, coverage, depth and five points."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cache, lru_cache

import cv2
import numpy as np
from numpy.typing import NDArray

from models.people.basis import Basis, bundled
from models.people.canvas import EYE_Y, HEIGHT, MIDDLE, PATCH, WIDTH, Plane, Spots, grid
from models.people.identity import Identity, generator, identity

Layer = NDArray[np.floating]

CROWN, CHIN = 34.0, 181.0
"""y of the skull's top and of the chin, px."""
_HALF = 51.0
"""Half the head's width at the eyes, px."""


@dataclass(frozen=True, slots=True)
class Head:
    """`colour` HEIGHT × WIDTH × 3, BGR levels; `cover` HEIGHT × WIDTH, 0 to 1; `points` 5 × 2 px; `box` left, top,
    right, bottom of the face, px."""

    colour: Layer = field(repr=False)
    cover: Plane = field(repr=False)
    points: Spots = field(repr=False)
    box: tuple[float, float, float, float]


@lru_cache(maxsize=192)
def head(seed: int, glasses: bool = False, hat: bool = False) -> Head:
    """The head of a seed, with what it wears."""
    return draw(identity(seed), bundled(), glasses, hat)


def draw(who: Identity, basis: Basis, glasses: bool = False, hat: bool = False) -> Head:
    """Painted from the back: hair behind, neck and coat, ears, skull, face, hair in front, glasses, hat."""
    x, y = grid()
    dx = x - np.float32(MIDDLE)
    strands = _strands(who.grain)
    face, points, back = _face(who, basis, strands)
    # The skull's outline moves with the face.
    aside, height = np.abs(dx - back[..., 0]), y - back[..., 1]
    half = outline(height, who)
    skull = step(half - aside, 1.5)
    skin = np.array(who.skin, np.float32)
    colour = np.zeros((*x.shape, 3), np.float32)
    cover = np.zeros_like(x)

    behind = _behind(x, y, who)
    _paint(colour, cover, behind, np.array(who.hair, np.float32) * 0.62 * strands[..., None])
    neck = step(33.0 - 0.02 * (y - 170) - np.abs(dx), 2.0) * step(y - 150, 4.0)
    under = np.clip(0.62 + (y - 178) / 160, 0.6, 0.84)
    _paint(colour, cover, neck, skin * under[..., None])
    coat = step(y - (204 + 0.0016 * dx**2 + 6 * np.exp(-((dx / 16) ** 2))), 2.0)
    _paint(colour, cover, coat, np.array(who.coat, np.float32) * (1.0 - 0.0016 * np.abs(dx))[..., None])
    wide = _HALF * who.width
    ears = step(1.0 - np.hypot((np.abs(dx) - wide - 0.5) / 7.0, (y - 110 + np.abs(dx) * 0.08) / 16.0), 0.15)
    _paint(colour, cover, ears, skin * (0.86 - 0.02 * (np.abs(dx) - wide))[..., None])

    rim = np.clip((half - aside) / 11.0, 0.0, 1.0)
    rim = rim * np.clip((np.float32(CHIN + who.chin) - height) / 8.0 + 0.35, 0, 1)
    blend = (rim * rim * (3 - 2 * rim))[..., None]
    surface = blend * face + (1 - blend) * (0.55 * face + 0.45 * skin * 0.84)
    surface *= (0.86 + 0.14 * np.minimum(1, rim * 1.6))[..., None]
    for mx, my, radius in who.moles:
        spot = np.exp(-((dx - mx) ** 2 + (y - my) ** 2) / (2 * radius**2))
        surface *= 1 - 0.35 * spot[..., None]
    _paint(colour, cover, skull, surface)
    _paint(colour, cover, _front(dx, y, strands, who), _hair(who, dx, y, strands))
    if glasses:
        _glasses(colour, cover, x, y, points, who, wide)
    if hat:
        brim = who.hairline + 4
        dome = step(1 - np.hypot(dx / (wide + 9), (y - brim) / (brim - 14)), 0.04) * step(brim + 3 - y, 1.5)
        edge = step(5.0 - np.abs(y - brim - 1 - 0.0012 * dx**2), 1.0) * step(wide + 10 - np.abs(dx), 1.5)
        cloth = np.array(who.cap, np.float32)
        knit = 0.9 + 0.1 * np.cos(dx * 0.9)[..., None] - 0.004 * np.abs(dx)[..., None]
        _paint(colour, cover, dome, cloth * knit)
        _paint(colour, cover, edge, cloth * 0.78)
    box = (MIDDLE - 47 * who.width, 62.0, MIDDLE + 47 * who.width, CHIN + who.chin - 3)
    return Head(np.clip(colour, 0, 255), cover, points, box)


def step(distance: Plane, soft: float) -> Plane:
    """0 outside, 1 inside, smooth over `soft` px on both sides of a zero distance."""
    t = np.clip(distance / (2 * soft) + 0.5, 0.0, 1.0)
    return np.asarray(t * t * (3 - 2 * t), np.float32)


def outline(y: Plane, who: Identity) -> Plane:
    """Half the head's width at a height, px; negative above the crown and below the chin."""
    wide = _HALF * who.width
    crown, chin = CROWN - who.crown, CHIN + who.chin
    above = np.clip((100 - y) / (100 - crown), 0, None)
    below = np.clip((y - 100) / (chin - 100), 0, None)
    upper = np.sqrt(np.clip(1 - above**2, 0, None))
    lower = np.clip(1 - below ** (2.1 + 0.5 * who.jaw), 0, None) ** (0.56 - 0.08 * (who.jaw - 1))
    half = np.where(y < 100, upper, lower) * wide
    outside = np.maximum(crown - y, y - chin)
    return np.asarray(np.where(outside > 0, -outside, half), np.float32)


def _paint(colour: Layer, cover: Plane, mask: Plane, paint: Layer) -> None:
    """Lay `paint` over what is there (colours aren't premultiplied: what isn't covered takes the paint whole)."""
    share = np.where(cover + mask > 0, mask / np.maximum(cover + mask - cover * mask, 1e-6), 1.0)[..., None]
    colour *= 1 - share
    colour += share * paint
    np.copyto(cover, cover + mask - cover * mask)


def _face(who: Identity, basis: Basis, strands: Plane) -> tuple[Layer, Spots, Layer]:
    """The face's surface over the whole canvas, moved to the person's shape; its five points (5 × 2, px); and the field
    that led there, as `shaped` has it."""
    x, y = grid()
    surface = bare(who, basis)
    _grown(surface, x - np.float32(MIDDLE), y, basis.marks, strands, who)
    for ex, ey in basis.marks[:2]:
        _iris(surface, x - ex, y - ey, who)
    points, back = shaped(who, basis)
    return moved(surface, back), points, back


def bare(who: Identity, basis: Basis) -> Layer:
    """What the components alone give: skin over the whole canvas, on the mean shape, BGR levels."""
    ratio = cv2.copyMakeBorder(basis.patch(who.latents), *_beyond(), cv2.BORDER_REPLICATE)
    surface = ratio * np.array(who.skin, np.float32)
    # Bright skin nears white as film does, without an edge.
    return np.asarray(np.where(surface > 200, 200 + 45 * np.tanh((surface - 200) / 45), surface), np.float32)


def shaped(who: Identity, basis: Basis) -> tuple[Spots, Layer]:
    """The five points on the person's shape (5 × 2, px), and the field from the mean shape to it: what came to (x, y)
    lay at (x, y) minus the field (HEIGHT × WIDTH × 2, px)."""
    x, y = grid()
    shape = cv2.copyMakeBorder(basis.field(who.latents), *_beyond(), cv2.BORDER_REPLICATE)
    there: Layer = np.asarray(shape * _fade()[..., None], np.float32)
    there[..., 1] += np.float32(who.tilt / 22) * (np.float32(MIDDLE) - x) * _fade() * 0.5
    places = basis.marks.reshape(5, 1, 2)
    points = basis.marks + cv2.remap(there, places[..., 0], places[..., 1], cv2.INTER_LINEAR).reshape(5, 2)
    back = there.copy()
    for _ in range(4):  # whence a px comes: the field runs from the mean shape, this one towards it
        back = _remapped(there, x - back[..., 0], y - back[..., 1], cv2.INTER_LINEAR)
    return points.astype(np.float32), back


def moved(surface: Layer, back: Layer) -> Layer:
    """A surface on the mean shape, moved by the field of `shaped`."""
    x, y = grid()
    return _remapped(surface, x - back[..., 0], y - back[..., 1], cv2.INTER_CUBIC)


def _beyond() -> tuple[int, int, int, int]:
    """Px of the canvas above, below, left and right of the patch."""
    left, top, right, bottom = PATCH
    return top, HEIGHT - bottom, left, WIDTH - right


def _remapped(layer: Layer, x: Plane, y: Plane, how: int) -> Layer:
    return np.asarray(cv2.remap(layer, x, y, how, borderMode=cv2.BORDER_REPLICATE), np.float32)


@cache
def _fade() -> Plane:
    """1 on the face, 0 at the canvas's edge: shapes move the face, not what is round it."""
    x, y = grid()
    away = np.hypot((x - np.float32(MIDDLE)) / 60, (y - 118) / 80)
    return np.asarray(np.clip((1.35 - away) / 0.5, 0, 1), np.float32)


def _grown(surface: Layer, dx: Plane, y: Plane, points: Spots, strands: Plane, who: Identity) -> None:
    """Skin that isn't even, freckles, brows, lips and beard."""
    noise = generator(0x73, who.grain).standard_normal((2, *y.shape)).astype(np.float32)
    for rough, sigma, levels in ((noise[0], 5.0, 0.02), (noise[1], 9.0, 0.04)):
        smooth = cv2.GaussianBlur(rough, (0, 0), sigma)
        surface *= (1 + levels * smooth / smooth.std())[..., None]
    if who.freckles:
        spots = cv2.GaussianBlur(noise[0], (0, 0), 0.9)
        freckled = step(spots / spots.std() - 1.5, 0.4) * np.exp(-(((y - 118) / 18) ** 2))
        surface *= 1 - freckled[..., None] * np.array([0.34, 0.24, 0.14], np.float32) * who.freckles
    dark = np.array(who.hair, np.float32) * 0.55
    thick, slope, density = who.brow
    for side, (ex, ey) in zip((-1.0, 1.0), points[:2], strict=True):
        along = (dx + np.float32(MIDDLE) - ex) * side / 17.0
        line = ey - 15.5 + 3.4 * (along - 0.15) ** 2 * 2 - slope * 17 * along
        hair = step(thick * (1.1 - 0.5 * along) - np.abs(y - line), 1.6) * step(1.0 - np.abs(along), 0.12)
        surface += (hair * density * strands.clip(0.6, 1.4))[..., None] * (dark - surface) * 0.7
    (rx, ry), (lx, ly) = points[3:]
    middle, low, half = (rx + lx) / 2 - np.float32(MIDDLE), (ry + ly) / 2, (lx - rx) / 2
    red, deep, full, bow = who.lips
    line = low + bow * (1 - 2 * ((dx - middle) / half) ** 2)
    mouth = step(1 - np.hypot((dx - middle) / (half + 1), (y - line - 0.8) / full), 0.35)[..., None]
    # The components leave it between two expressions: lips of one colour, and the line where they meet.
    flesh = np.array(who.skin, np.float32) * np.array([0.7 - 0.12 * red, 0.66 - 0.16 * red, 0.88], np.float32)
    surface += mouth * 0.6 * (flesh * (1 - 0.2 * deep) - surface)
    between = np.exp(-(((y - line) / 1.3) ** 2)) * step(half - 1 - np.abs(dx - middle), 2.0)
    surface *= 1 - 0.42 * between[..., None]
    jaw, lip = who.beard
    stubble = cv2.GaussianBlur(noise[0], (0, 0), sigmaX=0.8, sigmaY=1.6)
    grown = np.clip(1 + 0.25 * stubble / stubble.std(), 0.3, 1.5)
    chin = step(y - low - 9 + 0.010 * (dx - middle) ** 2, 6.0)
    chin = np.maximum(chin, step(np.abs(dx) - 36, 6.0) * step(y - 118, 14.0))
    above = step(5.0 - np.abs(y - (low - 11) - 0.012 * (dx - middle) ** 2), 2.5)
    above = above * step(half + 5 - np.abs(dx - middle), 4.0)
    hair = np.clip(jaw * chin * (1 - mouth[..., 0]) + lip * above, 0, 1) * grown
    surface += np.clip(hair, 0, 1)[..., None] * (np.array(who.hair, np.float32) * 0.8 - surface) * 0.55


def _iris(surface: Layer, dx: Plane, y: Plane, who: Identity) -> None:
    """Irises: the components leave them vague, as people look everywhere."""
    away = np.hypot(dx, y)
    open_ = step(3.4 - np.abs(y), 1.2)
    ring = (step(who.iris_px - away, 0.8) * open_ * 0.32)[..., None]
    surface *= 1 - ring
    surface += ring * np.array(who.iris, np.float32)
    surface *= 1 - (step(1.7 - away, 0.8) * open_ * 0.25)[..., None]
    surface += (np.exp(-((dx + 1.2) ** 2 + (y + 1.4) ** 2) / 1.1) * 22)[..., None]


def _strands(seed: int) -> Plane:
    """Light and dark of hair, about 1."""
    noise = generator(0x68, seed).standard_normal(grid()[0].shape).astype(np.float32)
    fine = cv2.GaussianBlur(noise, (0, 0), sigmaX=0.8, sigmaY=9.0)
    broad = cv2.GaussianBlur(noise, (0, 0), sigmaX=4.0, sigmaY=14.0)
    return np.asarray(1 + 0.1 * fine / fine.std() + 0.08 * broad / broad.std(), np.float32)


def _behind(x: Plane, y: Plane, who: Identity) -> Plane:
    if who.volume < 1:
        return np.zeros_like(x)
    dx = np.abs(x - np.float32(MIDDLE))
    wide = _HALF * who.width + who.volume * 0.7 + np.clip((y - 110) * 0.05, -2, 5)
    hang = step(wide - dx, 3.0) * step(y - 100, 4.0) * step(who.length - y - 0.004 * (dx - 30) ** 2, 6.0)
    return np.asarray(hang if who.length > 130 else hang * 0, np.float32)


def _front(dx: Plane, y: Plane, strands: Plane, who: Identity) -> Plane:
    """Where hair covers the skull: above the hairline, and down the sides to the ears."""
    if who.volume < 1:
        return np.zeros_like(y)
    wide = _HALF * who.width
    rise = (100 - (CROWN - who.crown - who.volume)) * np.sqrt(np.clip(1 - (dx / (wide + who.volume * 0.7)) ** 2, 0, 1))
    within = step(y - (100 - rise), 2.5) * step(wide + who.volume * 0.7 - np.abs(dx), 3.0)
    aside = np.clip((np.abs(dx) - 0.45 * wide) / (0.55 * wide), 0, 1.5)
    line = who.hairline + who.fringe * ((dx - who.parting) / wide) ** 2 + 34 * aside**2.4
    ragged = 1.2 * np.sin(dx * 0.31 + who.parting) + 9.0 * (strands - 1)
    reach = min(who.length, 200.0) if who.length > 130 else who.length
    above = step(np.minimum(line, reach) + ragged - y, 6.0)
    down = step(np.abs(dx) - (wide - 4.0), 3.0) * step(reach - y, 6.0) * step(wide + who.volume * 0.7 - np.abs(dx), 3.0)
    side = down * step(y - 80, 6.0)
    return np.asarray(np.maximum(within * above, side), np.float32)


def _hair(who: Identity, dx: Plane, y: Plane, strands: Plane) -> Layer:
    shine = 1 + 0.16 * np.exp(-(((y - who.hairline + 16) / 12) ** 2)) - 0.0022 * np.abs(dx) * 1.6
    return np.asarray(np.array(who.hair, np.float32) * (strands * shine)[..., None], np.float32)


def _glasses(colour: Layer, cover: Plane, x: Plane, y: Plane, points: Spots, who: Identity, wide: float) -> None:
    across, down = who.lens
    rings = np.zeros_like(x)
    for ex, ey in points[:2]:
        dist = (np.abs((x - ex) / across) ** 2.6 + np.abs((y - ey - 2) / down) ** 2.6) ** (1 / 2.6)
        rings = np.maximum(rings, step(1.5 - np.abs(dist - 1) * (across + down) / 2, 0.8))
        sheen = step(1 - dist, 0.1) * 0.08
        _paint(colour, cover, np.asarray(sheen * cover, np.float32), np.array([235, 232, 228], np.float32))
    (rx, ry), (lx, ly) = points[:2]
    bridge = step(1.4 - np.abs(y - (ry + ly) / 2 - 0.004 * (x - (rx + lx) / 2) ** 2), 0.8)
    bridge = bridge * step((lx - rx) / 2 - across - np.abs(x - (rx + lx) / 2), 1.0)
    arm = step(1.5 - np.abs(y - EYE_Y), 0.8) * step(np.abs(x - np.float32(MIDDLE)) - (lx - rx) / 2 - across, 1.0)
    arm = arm * step(wide + 2 - np.abs(x - np.float32(MIDDLE)), 1.0)
    mask = np.maximum(np.maximum(rings, bridge), arm)
    _paint(colour, cover, np.asarray(mask, np.float32), np.array(who.frame, np.float32))
