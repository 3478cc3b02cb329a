"""``python -m neurosim`` is the command."""

from __future__ import annotations

from neurosim.cli import main

if __name__ == "__main__":
    raise SystemExit(main())
