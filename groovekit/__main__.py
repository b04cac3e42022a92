"""``python -m groovekit``."""

from __future__ import annotations

from groovekit.cli.main import main

if __name__ == "__main__":
    main(prog_name="groovekit")
