"""Write the table of claims into README.md, between its two marks, from the verdicts of the last run.

    python tools/readme_claims.py runs/experiments.hopfield_capacity/claims.json [--check]

With --check nothing is written; the exit status is 1 if the table in the README is not the one that the file would give.
"""

from __future__ import annotations

import json
import math
import sys
from pathlib import Path

README = Path(__file__).resolve().parents[1] / "README.md"
BEGIN, END = "<!-- claims: begin -->", "<!-- claims: end -->"
HEAD = "| claim | kind | expected | measured | tolerance | verdict | source |\n|---|---|---|---|---|---|---|"
VERDICTS = {True: "passed", False: "missed"}
NEEDS = {"full": "needs --full", "default": "needs the default grid"}


def main(arguments: list[str]) -> None:
    paths = [Path(argument) for argument in arguments if argument != "--check"]
    if not paths or not all(path.is_file() for path in paths):
        sys.exit("error: name the claims.json of one or more runs; `make demo` writes one\n" + (__doc__ or ""))
    verdicts = [verdict for path in paths for verdict in json.loads(path.read_text(encoding="utf-8"))]
    before = README.read_text(encoding="utf-8")
    after = insert(before, table(verdicts))
    if "--check" not in arguments:
        README.write_text(after, encoding="utf-8")
    elif before != after:
        sys.exit("error: the table of claims in README.md is not that of the run; call this without --check")


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
        sys.exit(f"error: README.md must hold {BEGIN} and {END} once each")
    head, rest = text.split(BEGIN)
    return f"{head}{BEGIN}\n\n{body}\n\n{END}{rest.split(END)[1]}"


if __name__ == "__main__":
    main(sys.argv[1:])
