"""A lane's transactions of one run: on disk as JSON lines, and at hand for the statistics."""

from __future__ import annotations

import hashlib
import json
import os
from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path
from types import TracebackType
from typing import Literal, Self

from benchmarks.errors import BenchmarkError
from benchmarks.evidence import Transactions
from edge.transaction import Lane, Transaction
from policy.schema import upgrade


class RowsError(BenchmarkError, OSError):
    """Error raised when a lane's rows can't be written or read: names the file and what to do."""


class Rows:
    """The rows of one lane. A context manager: they are written under a temporary name and get the real one when all
    went well; a run that was broken off leaves no file."""

    def __init__(self, folder: Path, lane: Lane, kind: Literal["transactions", "doors"] = "transactions") -> None:
        """`kind`: of a lane's own run, or the sample of its simulation at the doors."""
        self._path = folder / f"{kind}-{lane}.jsonl"
        self._part = self._path.with_suffix(".jsonl.part")
        self._by_session: dict[str, list[Transaction]] = defaultdict(list)
        self._digest = hashlib.sha256()
        self._count = 0
        try:
            folder.mkdir(parents=True, exist_ok=True)
            self._file = self._part.open("wb")
        except OSError as error:
            raise RowsError(
                f"{folder}: expected a folder to write to, found none ({error}). Name another with --out."
            ) from error

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        with self._file:
            self._file.flush()
            os.fsync(self._file.fileno())
        if kind is None:
            self._part.replace(self._path)
        else:
            self._part.unlink(missing_ok=True)

    def extend(self, rows: Iterable[Transaction]) -> None:
        """Add rows."""
        for row in rows:
            line = row.model_dump_json(by_alias=True).encode() + b"\n"
            self._file.write(line)
            self._digest.update(line)
            self._count += 1
            self._by_session[row.session.rsplit("/m", 1)[0]].append(row)

    def of(self, session: str) -> list[Transaction]:
        """The rows of a session, all its mornings, in order."""
        return self._by_session[session]

    def reference(self) -> Transactions:
        """What results say of these rows."""
        return Transactions(file=self._path.name, sha256=self._digest.hexdigest(), count=self._count)


def verified(folder: Path, reference: Transactions) -> list[Transaction]:
    """The rows that results refer to, from the file beside them. Raises RowsError when they are not those rows."""
    path = folder / reference.file
    try:
        data = path.read_bytes()
    except OSError as error:
        raise RowsError(f"{path}: expected the rows that results.json refers to, found none ({error}).") from error
    found = hashlib.sha256(data).hexdigest()
    if found != reference.sha256:
        raise RowsError(
            f"{path}: expected the rows with SHA-256 {reference.sha256[:16]}…, found {found[:16]}…. They were changed "
            "after the run; run threshold evaluate again."
        )
    return [
        Transaction.model_validate(upgrade(json.loads(line), "transaction", f"{path}, line {number}"))
        for number, line in enumerate(data.splitlines(), start=1)
    ]
