"""Write what `neurosim check` found into README.md (one line an experiment) and docs/claims.md (one line a claim).

    python tools/claims.py runs [--check]

reads the file claims.json of every experiment below the folder. With --check nothing is written; the exit status is 1 if the tables are not
those that the files would give.
"""

from __future__ import annotations

import json
import math
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
BEGIN, END = "<!-- claims: begin -->", "<!-- claims: end -->"
HEAD = "| claim | kind | expected | measured | tolerance | verdict | source |\n|---|---|---|---|---|---|---|"
SUMMARY = "| experiment | claims | passed | missed | need a larger grid |\n|---|---|---|---|---|"
VERDICTS = {True: "passed", False: "missed"}
NEEDS = {"full": "needs --full", "default": "needs the default grid"}


def main(arguments: list[str]) -> None:
    folders = [Path(argument) for argument in arguments if argument != "--check"]
    files = sorted(path for folder in folders for path in folder.glob("experiments.*/claims.json"))
    if not files:
        sys.exit("error: no experiments.*/claims.json in the folders named; `neurosim check` writes them\n" + (__doc__ or ""))
    found = {path.parent.name: json.loads(path.read_text(encoding="utf-8")) for path in files}
    pages = {ROOT / "README.md": summary(found), ROOT / "docs" / "claims.md": details(found)}
    for page, body in pages.items():
        before = page.read_text(encoding="utf-8")
        after = insert(before, body)
        if "--check" not in arguments:
            page.write_text(after, encoding="utf-8")
        elif before != after:
            sys.exit(f"error: the table of claims in {page.name} is not that of the runs; call this without --check")


def summary(found: dict[str, list[dict]]) -> str:
    """Count the verdicts of each experiment."""
    lines = []
    for name, verdicts in found.items():
        counts = [sum(verdict["passed"] is wanted for verdict in verdicts) for wanted in (True, False, None)]
        lines.append(f"| `{name.removeprefix('experiments.')}` | {len(verdicts)} | {' | '.join(map(str, counts))} |")
    return "\n".join([SUMMARY, *lines])


def details(found: dict[str, list[dict]]) -> str:
    """Write a section for each experiment."""
    return "\n\n".join(f"## {name.removeprefix('experiments.')}\n\n{table(verdicts)}" for name, verdicts in found.items())


def table(verdicts: list[dict]) -> str:
    """Write verdicts as a table; one that the grid could not decide says which grid can."""
    return "\n".join([HEAD, *map(row, verdicts)])


def row(verdict: dict) -> str:
    result = VERDICTS.get(verdict["passed"], NEEDS.get(verdict["grid"], "undecided"))
    measured = rounded(verdict["measured"], verdict["tolerance"])
    if verdict.get("uncertainty"):
        measured += f" ± {verdict['uncertainty']:.1g}"
    cells = (
        verdict["name"],
        verdict["kind"],
        f"{verdict['expected']:.6g}",
        measured,
        f"{verdict['tolerance']:.3g}",
        result,
        verdict["source"],
    )
    return "| " + " | ".join(str(cell).replace("|", "\\|").replace("\n", " ") for cell in cells) + " |"


def rounded(value: float | None, tolerance: float) -> str:
    """Write a value to one digit beyond its tolerance."""
    if value is None or tolerance <= 0:
        return "" if value is None else f"{value:.6g}"
    return f"{value:.{max(0, 1 - math.floor(math.log10(tolerance)))}f}"


def insert(text: str, body: str) -> str:
    """Replace what stands between the two marks."""
    if text.count(BEGIN) != 1 or text.count(END) != 1:
        sys.exit(f"error: a page of claims must hold {BEGIN} and {END} once each")
    head, rest = text.split(BEGIN)
    return f"{head}{BEGIN}\n\n{body}\n\n{END}{rest.split(END)[1]}"


if __name__ == "__main__":
    main(sys.argv[1:])
