"""The student's shape: few, dense convolutions at small sizes, which a CPU trains faster than many thin ones."""

from __future__ import annotations

from torch import Tensor, nn

DIMENSION = 128
SLOPE = 0.1


class Unit(nn.Module):
    """Convolution, batch norm, and a leaky ReLU unless it is the last of a branch."""

    def __init__(
        self,
        into: int,
        out: int,
        side: int = 3,
        stride: int = 1,
        pad: int | None = None,
        groups: int = 1,
        bend: bool = True,
    ) -> None:
        super().__init__()
        self.conv = nn.Conv2d(into, out, side, stride, side // 2 if pad is None else pad, groups=groups, bias=False)
        self.norm = nn.BatchNorm2d(out)
        self.bend = nn.LeakyReLU(SLOPE, inplace=True) if bend else nn.Identity()

    def forward(self, x: Tensor) -> Tensor:
        y: Tensor = self.bend(self.norm(self.conv(x)))
        return y


class Pair(nn.Module):
    """Two dense 3 × 3 convolutions beside a shortcut."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.branch = nn.Sequential(Unit(channels, channels), Unit(channels, channels, bend=False))
        self.bend = nn.LeakyReLU(SLOPE, inplace=True)

    def forward(self, x: Tensor) -> Tensor:
        y: Tensor = self.bend(x + self.branch(x))
        return y


class Inverted(nn.Module):
    """Wider by 1 × 1, 3 × 3 a channel, back by 1 × 1, beside a shortcut: few weights where the picture is small."""

    def __init__(self, channels: int, wide: int) -> None:
        super().__init__()
        self.branch = nn.Sequential(
            Unit(channels, wide, 1), Unit(wide, wide, 3, groups=wide), Unit(wide, channels, 1, bend=False)
        )

    def forward(self, x: Tensor) -> Tensor:
        y: Tensor = x + self.branch(x)
        return y


class Student(nn.Module):
    """112 × 112 RGB, each channel (pixel − 127.5) / 128, to 128 floats."""

    def __init__(
        self,
        widths: tuple[int, int, int] = (48, 72, 112),
        depths: tuple[int, int, int] = (2, 2, 2),
        wide: int = 224,
        head: int = 224,
    ) -> None:
        super().__init__()
        b, c, d = widths
        self.body = nn.Sequential(
            Unit(3, b, 8, 4, 2),
            *(Pair(b) for _ in range(depths[0])),
            Unit(b, c, 3, 2),
            *(Pair(c) for _ in range(depths[1])),
            Unit(c, c, 3, 2, groups=c),
            Unit(c, d, 1, bend=False),
            *(Inverted(d, wide) for _ in range(depths[2])),
            Unit(d, head, 1),
        )
        self.whole = nn.Conv2d(head, head, 7, groups=head, bias=False)
        self.whole_norm = nn.BatchNorm2d(head)
        self.last = nn.Linear(head, DIMENSION, bias=False)
        self.norm = nn.BatchNorm1d(DIMENSION, affine=False)

    def forward(self, x: Tensor) -> Tensor:
        y: Tensor = self.norm(self.last(self.whole_norm(self.whole(self.body(x))).flatten(1)))
        return y
