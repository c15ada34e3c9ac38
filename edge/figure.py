"""One walker drawn into a frame: body, head, or what is held up before it."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from edge.face import Pixels, Points
from edge.walk import Spot, Walk
from models.people.canvas import HEIGHT
from models.people.identity import identity
from models.people.render import CANVAS_FACE, View, located, place, render, truth, unrolled
from models.people.view import placement, seen

Rectangle = tuple[float, float, float, float]
"""Left, top, width, height, px."""


@dataclass(frozen=True, slots=True)
class Where:
    """Where a figure's face came to lie, and the rectangle that hides whoever is behind."""

    box: Rectangle
    points: Points
    hides: Rectangle


def draw_figure(picture: Pixels, walk: Walk, spot: Spot) -> Where:
    """Draw a walker, in place."""
    height, width = picture.shape[:2]
    face_px = max(6.0, spot.size * height)
    scale = face_px / CANVAS_FACE
    x, y = spot.x * width, spot.y * height
    matrix = placement(spot.pose, scale, x, y)
    holder = walk.person if walk.attack is None else walk.person ^ 0x5DEECE
    _body(picture, holder, x, y, scale)
    if walk.away:
        _back(picture, holder, x, y, scale)
        return Where((x, y, 1.0, 1.0), np.zeros((5, 2), np.float32), (x, y, 1.0, 1.0))
    head = seen(holder, unrolled(spot.pose), walk.light, walk.glasses, walk.hat)
    place(picture, head, matrix)
    if walk.attack:
        return _held(picture, walk, spot, x, y, face_px)
    where = located(head, matrix)
    left, top, across, down = where.box
    return Where(where.box, where.points, (left - 0.1 * across, top - 0.25 * down, 1.2 * across, 1.5 * down))


def _body(picture: Pixels, person: int, x: float, y: float, scale: float) -> None:
    """Shoulders and coat below the head, to the frame's lower edge."""
    who = identity(person)
    top = y + (HEIGHT - 1 - 118.0) * scale
    # px of the canvas: half the width and how far below the canvas's lower edge.
    profile = ((58, -16), (86, -7), (98, 12), (106, 90), (100, 260), (94, 420))
    right = [(x + half * scale, top + low * scale) for half, low in profile]
    left = [(2 * x - px, py) for px, py in reversed(right)]
    outline = np.rint(np.array(right + left) * 8).astype(np.int32)
    colour = tuple(int(0.92 * value) for value in who.coat)
    cv2.fillPoly(picture, [outline], colour, cv2.LINE_AA, 3)


def _back(picture: Pixels, person: int, x: float, y: float, scale: float) -> None:
    """A head from behind: neck and hair."""
    who = identity(person)
    shade = tuple(int(0.8 * value) for value in who.hair)
    skin = tuple(int(0.7 * value) for value in who.skin)
    neck = (round((x - 30 * scale) * 8), round(y * 8)), (round((x + 30 * scale) * 8), round((y + 100 * scale) * 8))
    cv2.rectangle(picture, *neck, skin, -1, cv2.LINE_AA, 3)
    axes = (round(54 * who.width * scale * 8), round(76 * scale * 8))
    cv2.ellipse(picture, (round(x * 8), round((y - 8 * scale) * 8)), axes, 0, 0, 360, shade, -1, cv2.LINE_AA, 3)


def _held(picture: Pixels, walk: Walk, spot: Spot, x: float, y: float, face_px: float) -> Where:
    """A print (matt, pale, white border) or a phone (dark edge, bluish, bright) with the person's picture, held flat
    before the holder's face and a little askew."""
    card_h, card_w = 240, 180
    view = View(width=card_w, height=card_h, face_px=100.0, noise=0.0, blur=0.8, light=walk.light)
    card = render(walk.person, view)
    if walk.attack == "print":
        card = np.clip(card * 0.78 + (38, 40, 42), 0, 255).astype(np.uint8)
        card = cv2.copyMakeBorder(card, 10, 10, 10, 10, cv2.BORDER_CONSTANT, value=(236, 238, 240))
        edge = 10
    else:
        card = np.clip(card + np.array((22.0, 10.0, 0.0)), 0, 255).astype(np.uint8)
        card[::3] = (card[::3] * 0.94).astype(np.uint8)
        card = cv2.copyMakeBorder(card, 26, 26, 8, 8, cv2.BORDER_CONSTANT, value=(18, 18, 20))
        edge = 8
    above = (card.shape[0] - card_h) // 2
    scale = 1.35 * face_px / 100.0 * (0.8 if walk.attack == "phone" else 0.95)
    angle = np.radians(spot.pose.roll * 1.5 + 4 * np.sin(walk.phase))
    a, b = scale * np.cos(angle), scale * np.sin(angle)
    cx, cy = (card.shape[1] - 1) / 2, (card.shape[0] - 1) / 2
    matrix = np.array([[a, -b, x - a * cx + b * cy], [b, a, y - b * cx - a * cy]])
    size = picture.shape[1::-1]
    cover = cv2.warpAffine(np.full(card.shape[:2], 255, np.uint8), matrix, size, flags=cv2.INTER_LINEAR)
    drawn = cv2.warpAffine(card, matrix, size, flags=cv2.INTER_LINEAR)
    share = cover[..., None].astype(np.uint16)
    np.copyto(picture, ((picture * (255 - share) + 127) // 255 + drawn).clip(0, 255), casting="unsafe")
    inside = truth(walk.person, view)
    left, top, across, down = inside.box
    shift = np.array([edge, above], np.float64)
    corners = np.array([(left, top), (left + across, top), (left, top + down), (left + across, top + down)]) + shift
    corners = corners @ matrix[:, :2].T + matrix[:, 2]
    points = ((inside.points + shift) @ matrix[:, :2].T + matrix[:, 2]).astype(np.float32)
    low, high = corners.min(0), corners.max(0)
    box = (float(low[0]), float(low[1]), float(high[0] - low[0]), float(high[1] - low[1]))
    across_card, down_card = card.shape[1] * scale, card.shape[0] * scale
    return Where(box, points, (x - across_card / 2, y - down_card / 2, across_card, down_card))
