"""Where a face is enrolled: the camera, the words to the person before it, and the networks; each opened when its turn
has come, and not before the gate has allowed the person."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from threshold.output import console

if TYPE_CHECKING:
    from edge.core.source import Source
    from edge.face import Template
    from edge.sitter import Sitter
    from edge.sitting import Hint, Shot
    from models.registry import Installed, Role
    from policy.permit import Permit
    from policy.store import Store

SYNTHETIC = "synthetic:"


@dataclass
class Booth:
    """One enrolment of a face. `agreement` is the smallest cosine of two of its pictures, once there are some."""

    store: Store
    source: str
    seconds: float
    language: Literal["en", "sv", "is"]
    detector: str
    embedder: str
    models: Path | None
    shots: int = 0
    agreement: float | None = None
    _sitter: Sitter | None = field(default=None, init=False)

    @property
    def network(self) -> str:
        """SHA-256 of the embedder, by the registry: kept with the reference. No file of it is opened here."""
        from models.registry import Registry

        return Registry.bundled()[self.embedder_id].sha256

    @property
    def embedder_id(self) -> str:
        """As the registry names it."""
        return "bundled-embedder" if self.embedder == "bundled" else self.embedder

    def capture(self) -> tuple[Shot, ...]:
        """Open the camera and take the pictures. Raises policy.gate.Refused for what is no camera, CaptureFailed,
        SourceError, ModelError, NetworkError."""
        open_source = self._opener()
        from edge.core.capture import Capture
        from edge.sitting import Sitting, Terms, sit
        from edge.vision import open_detector

        finder = open_detector(self._installed("detector", self.detector))
        with Capture(open_source) as capture:
            shots = sit(capture, Sitting(finder, Terms(limit_s=self.seconds)), self._teller())
        self._say("done")
        self.shots = len(shots)
        return shots

    def embed(self, permit: Permit, shots: Sequence[Shot]) -> Template:
        """The reference of the pictures, once they agree. Raises CaptureFailed, policy.gate.Refused, ModelError,
        NetworkError."""
        from benchmarks.core import settings
        from edge.sitting import reference
        from edge.vision import open_embedder

        installed = self._installed("embedder", self.embedder)
        network = open_embedder(installed, self.store.gate, permit)
        templates = network.embed([shot.crop for shot in shots])
        template, self.agreement = reference(templates, shots, settings(installed.network.id, 480).threshold)
        return template

    def drawn(self, shots: Sequence[Shot]) -> Permit:
        """The gate draws again what a drawn person's pictures are said to be. Raises policy.gate.Refused."""
        from edge.sitter import draw, sitter
        from policy.synthetic import Claim

        who = self._sitter or sitter(self.source)
        return self.store.gate.synthetic(
            (Claim(shot.number, who, draw(shot.number, who)) for shot in shots), "enrolment in a demonstration"
        )

    def _opener(self) -> Callable[[], Source]:
        if self.source.startswith(SYNTHETIC):
            from edge.core.source import Drawn, Paced
            from edge.sitter import sitter

            self._sitter = sitter(self.source)
            return lambda: Paced(Drawn(sitter(self.source), "BGR"))
        from edge.camera import live, opened

        return partial(opened, live(self.source))

    def _installed(self, role: Role, name: str) -> Installed:
        from models.registry import Registry
        from threshold.networks import installed

        return installed(Registry.bundled(), role, name, self.models)

    def _teller(self) -> Callable[[Hint, int], None]:
        """Says each hint when it changes, with the count of pictures; not twice a second, so that it can be read."""
        import time

        last: tuple[str, int] = ("", 0)
        said_at = 0.0

        def tell(hint: Hint, pictures: int) -> None:
            nonlocal last, said_at
            now = time.monotonic()
            if (hint, pictures) != last and (now - said_at > 0.5 or pictures != last[1]):
                last, said_at = (hint, pictures), now
                self._say(hint, pictures)

        return tell

    def _say(self, hint: Hint | Literal["done"], pictures: int | None = None) -> None:
        from edge.sitting import Terms, said

        count = "" if pictures is None else f"[{pictures}/{Terms().pictures}] "
        console().print(f"{count}{said(hint, self.language)}", markup=False)
