"""`threshold renew`: the references sealed anew under another rotation."""

from __future__ import annotations

from threshold.output import console, emit
from threshold.site import AnchorFile, Json, StoreFolder, open_store

EXAMPLE = "Example: threshold renew   When: a reference may have become known, or once a year."


def renew(store: StoreFolder = None, anchor: AnchorFile = None, json: Json = False) -> None:
    """Turn all faces' references by another rotation and seal them anew: older copies fit nothing any more.

    Nobody has to come back, and scores stay as they were. What no permit opens today is left, and counted.
    """
    with open_store(store, anchor) as opened:
        renewed, left = opened.renew()
        behind = [str(path) for path in opened.scrub_backups()]
    if json:
        emit({"renewed": renewed, "left": left, "backups_behind": behind})
        return
    console().print(f"Renewed: {renewed}.", soft_wrap=True)
    if left:
        console().print(
            f"Left as they were: {left}, as nothing allows to open them today. Mend the record or confirm the consent, "
            "then renew again; or erase them.",
            soft_wrap=True,
        )
