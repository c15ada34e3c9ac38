"""A model card: what the manifest knows of a network, as a page to read."""

from __future__ import annotations

from importlib.resources import files

from models.network import EmbeddingOutput, InputContract, LogitsOutput, Network, YunetOutput

MARK = "account to verify before print"


DRAWN_PEOPLE = "drawn-people"


def drawn_people() -> str:
    """The card of the generator, which is no network and stands in no manifest."""
    return (files("models") / "bundled" / "people.md").read_text(encoding="utf-8")


def card(network: Network) -> str:
    """The network's card in Markdown; an account that isn't verified carries its mark."""
    training = network.training
    mark = "" if training.verified else f" *({MARK})*"
    trained_on = [f"- `{entry.set}`: {_identities(entry.identities)}" for entry in network.trained_on]
    lines = [
        f"# {network.id}",
        "",
        f"- role: {network.role}",
        f"- file: `{network.file}`, {network.size:,} B",
        f"- SHA-256: `{network.sha256}`",
        f"- licence: {network.licence}",
        f"- publisher: {network.publisher}",
        f"- page: {network.page or 'none'}",
        f"- address: {network.address or 'none: it comes with the program, or was made on this machine'}",
        "",
        *_about(network),
        "## What goes in",
        "",
        *_input(network.input),
        "",
        "## What comes out",
        "",
        *_output(network.output),
        "",
        "## The people it was trained on",
        "",
        f"- set: {training.set}",
        f"- were they asked: {training.asked}",
        f"- withdrawn by its publisher: {training.withdrawn}",
        "",
        f"{training.account}{mark}",
        "",
        "## Which people of listed research sets it was trained on",
        "",
        *(trained_on or ["- none is listed: an overlap is unknown for all of them"]),
        *_figures(network),
    ]
    return "\n".join(lines) + "\n"


def _about(network: Network) -> list[str]:
    about = network.about
    if about is None:
        return []
    parts = (
        ("What it is for", about.purpose),
        ("What it is not for", about.not_for),
        ("Limits", about.limits),
        ("What training it cost", about.cost),
    )
    return [line for heading, text in parts for line in (f"## {heading}", "", text, "")]


def _figures(network: Network) -> list[str]:
    if not network.figures:
        return []
    rows = []
    for figure in network.figures:
        interval = "" if figure.low is None or figure.high is None else f"{figure.low:g} to {figure.high:g}"
        rows.append(f"| {figure.what} | {figure.value:g} | {interval} | {figure.on} | `{figure.command}` |")
    head = ["| what | value | 95 % interval | on | command |", "|---|---|---|---|---|"]
    return ["", "## Figures", "", *head, *rows]


def _input(contract: InputContract) -> list[str]:
    lines = [
        f"- tensor: {contract.name or '(the only input)'}, float32, {contract.layout}, width {contract.width}, "
        f"height {contract.height}",
        f"- colour order: {contract.colour}",
        f"- scaling: (pixel / {contract.divisor:g} − mean) / deviation; mean {_numbers(contract.mean)}, "
        f"deviation {_numbers(contract.deviation)}",
    ]
    if contract.alignment:
        lines.append("- alignment: the five points to the 112×112 template")
    if contract.crop:
        lines.append(f"- crop: a square, the face box's longer side × {contract.crop.scale:g}, edges mirrored")
    return [*lines, f"- note: {contract.note}"] if contract.note else lines


def _output(contract: YunetOutput | EmbeddingOutput | LogitsOutput) -> list[str]:
    if isinstance(contract, YunetOutput):
        return [
            f"- YuNet's heads at strides {', '.join(map(str, contract.strides))}: {', '.join(contract.names)}",
            f"- points: {', '.join(contract.points)} (right and left are the subject's)",
        ]
    if isinstance(contract, EmbeddingOutput):
        unit = "of unit length" if contract.unit_length else "to be brought to unit length"
        return [f"- {contract.dimension} numbers, {unit}; compared by {contract.compare}"]
    return [f"- logits: {', '.join(contract.classes)}"]


def _numbers(values: tuple[float, ...]) -> str:
    return ", ".join(f"{value:g}" for value in values)


def _identities(identities: str) -> str:
    return {
        "none": "trained on none of its identities",
        "all": "trained on all of its identities",
        "unknown": "unknown which of its identities it was trained on; an overlap can't be ruled out",
    }.get(identities, f"trained on the identities in identities/{identities}")
