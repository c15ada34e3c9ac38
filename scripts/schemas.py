#!/usr/bin/env python3
"""Write policy/schemas/*.json anew from the models in code; `--check` only says whether they are up to date."""

from __future__ import annotations

import json
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))


def main(check: bool) -> int:
    from pydantic import BaseModel

    from benchmarks.evidence import Results
    from benchmarks.pilot.join import Join
    from benchmarks.pilot.outcome import Pilot
    from benchmarks.sensitivity.document import Sensitivity
    from edge.attendance import Sheet
    from edge.device.note import DeviceNote
    from edge.transaction import Transaction
    from policy.bundle import Manifest
    from policy.case import Case
    from policy.measured import MeasuredAlternatives
    from policy.record import Record
    from policy.schema import CURRENT

    models: dict[str, type[BaseModel]] = {
        "transaction": Transaction,
        "results": Results,
        "processing-record": Record,
        "measured-alternatives": MeasuredAlternatives,
        "decided-case": Case,
        "bundle": Manifest,
        "sensitivity": Sensitivity,
        "attendance": Sheet,
        "pilot": Pilot,
        "pilot-join": Join,
        "device-note": DeviceNote,
    }
    stale = []
    for kind, version in CURRENT.items():
        schema = {
            "$schema": "https://json-schema.org/draft/2020-12/schema",
            "$id": f"threshold/{kind}/{version}",
            **models[kind].model_json_schema(by_alias=True),
        }
        # Code may leave the schema's own name out, a document on disk may not.
        schema["required"] = sorted({"schema", *schema.get("required", [])})
        path = ROOT / "policy" / "schemas" / f"{kind}-{version}.schema.json"
        text = json.dumps(schema, indent=2, ensure_ascii=False) + "\n"
        if not path.is_file() or path.read_text(encoding="utf-8") != text:
            stale.append(path.name)
            if not check:
                path.write_text(text, encoding="utf-8")
    if stale:
        print(f"{'stale, run make schemas' if check else 'written'}: {', '.join(stale)}")
    return 1 if check and stale else 0


if __name__ == "__main__":
    sys.exit(main("--check" in sys.argv))
