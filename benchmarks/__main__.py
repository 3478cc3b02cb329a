"""``python -m benchmarks [names] [--rounds 5] [--json FILE]``: run the benchmarks and print their tables."""

from __future__ import annotations

import argparse
import importlib
import json
import os
import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

ONE_THREAD = ("OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "OMP_NUM_THREADS", "VECLIB_MAXIMUM_THREADS", "NUMBA_NUM_THREADS")


def known() -> list[str]:
    """Return the names of the benchmarks: the files bench_NAME.py beside this one."""
    return sorted(path.stem.removeprefix("bench_") for path in Path(__file__).parent.glob("bench_*.py"))


def _arguments(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"which ones (default: all of {', '.join(known())})")
    parser.add_argument("--rounds", type=int, default=5, help="rounds per race; fewer than 5 only to try things out")
    parser.add_argument("--json", type=Path, metavar="FILE", help="also write all numbers here")
    parser.add_argument("--tiny", action="store_true", help="tiny sizes: shows that everything runs; the ratios mean nothing")
    chosen = parser.parse_args(argv)
    if wrong := sorted(set(chosen.names) - set(known())):
        parser.error(f"unknown benchmark {wrong[0]!r}; known: {', '.join(known())}")
    if chosen.rounds < 1:
        parser.error(f"--rounds must be at least 1, got {chosen.rounds}")
    return chosen


def main(argv: Sequence[str] | None = None) -> int:
    """Run the benchmarks named; exit status 1 if two contenders disagree."""
    chosen = _arguments(argv)
    for name in ONE_THREAD:
        os.environ[name] = "1"
    from benchmarks import harness

    calibration = harness.calibrate(rounds=1 if chosen.tiny else 5)
    print("  ".join(f"{key} {value}" for key, value in harness.machine().items()))
    print(
        f"calibration (1 thread, CPU): float32 product {calibration.gemm_gflops:.0f} GFLOP/s, copy {calibration.memory_gb_per_s:.1f} GB/s; "
        f"goals in seconds x {calibration.slowdown:.2f}"
    )
    rows: list[harness.Row] = []
    try:
        for name in chosen.names or known():
            for race in importlib.import_module(f"benchmarks.bench_{name}").races(tiny=chosen.tiny):
                result = harness.run_race(race, chosen.rounds, calibration.slowdown)
                print(harness.table(result), flush=True)
                rows += result
    except harness.Mismatch as error:
        print(f"\nanswers differ, no times: {error}", file=sys.stderr)
        return 1
    if chosen.json:
        _write(chosen.json, {"machine": harness.machine(), "calibration": asdict(calibration), "rows": [_plain(row) for row in rows]})
    return 0


def _plain(row: Any) -> dict[str, Any]:
    return {**asdict(row), "met": row.met}


def _write(path: Path, document: dict[str, Any]) -> None:
    path.write_text(json.dumps(document, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main())
