"""Counts its runs in the checkpoints, which outlive every container."""

from pathlib import Path

runs = Path("/checkpoints/runs")
count = int(runs.read_text()) + 1 if runs.exists() else 1
runs.write_text(str(count))
print(f"run {count}")
