"""Files and bytes after a year of daily recurring jobs, with and without `sandglass maintain`.

    python3 tests/benches/maintain/bench.py [--factor 100] [--days 365] [--every 7] [--sandglass target/release/sandglass] [--folder somewhere]

The data are those of `tests/benches/training`: CDNOW, --factor times over. Each day is a process of its own, as a scheduler would start it; every
--every days another one maintains. Files that were replaced are kept for 30 days by the time at which they were, which here is all one evening:
so the last line maintains once more as of a later time, and is what a year would leave beside the files of its last 30 days.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from datetime import date, timedelta
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[2]
sys.path.insert(0, str(HERE.parent / "training"))
import bench as training  # noqa: E402

DEFINITIONS = """
[project]
name = "year"
[stores]
offline = "store/offline"
online = { kind = "embedded", path = "store/online" }
[[entity]]
name = "customer"
join_keys = { customer_id = "int64" }
[[source]]
name = "purchases"
path = "purchases.parquet"
timestamp_column = "timestamp"
[[feature_view]]
name = "spend"
kind = "batch"
entities = ["customer"]
sources = ["purchases"]
timestamp_column = "timestamp"
batch_schedule = "1d"
feature_start_time = "1997-01-01"
incremental_backfills = true
[[feature_view.aggregation]]
column = "amount"
function = "sum"
time_window = ["7d", "30d"]
"""


def below(folder: Path) -> tuple[int, int, int]:
    """Files, their bytes, and how many of them are Parquet of rows or tiles."""
    files = [path for path in folder.rglob("*") if path.is_file()]
    data = [path for path in files if path.suffix == ".parquet" and "_delta_log" not in path.parts]
    return len(files), sum(path.stat().st_size for path in files), len(data)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--factor", type=int, default=100)
    parser.add_argument("--days", type=int, default=365)
    parser.add_argument("--every", type=int, default=7)
    parser.add_argument("--sandglass", type=Path, default=ROOT / "target/release/sandglass")
    parser.add_argument("--folder", type=Path)
    asked = parser.parse_args()
    folder = asked.folder or Path(tempfile.mkdtemp(prefix="sandglass-maintain-"))
    folder.mkdir(parents=True, exist_ok=True)
    if not (folder / "purchases.parquet").exists():
        purchases = ROOT / "examples/purchases/data/purchases.parquet"
        sql = training.statements("data", purchases=purchases, factor=asked.factor, rows=1, folder=folder)
        helper = [training.python(), Path(training.__file__)]
        training.run([*helper, "__duckdb", 4 << 30, os.cpu_count(), folder, sql])
    (folder / "sandglass.toml").write_text(DEFINITIONS)

    def sandglass(now: str, *arguments: str) -> dict:
        command = [asked.sandglass, "--project", folder, "--now", now, "--format", "json", *arguments]
        done = subprocess.run([str(part) for part in command], capture_output=True, text=True)
        if done.returncode != 0:
            sys.exit(f"{arguments} at {now}: {done.stderr}")
        return json.loads(done.stdout)

    def year(maintained: bool) -> None:
        shutil.rmtree(folder / "store", ignore_errors=True)
        day = lambda number: str(date(1997, 1, 1) + timedelta(days=number))
        jobs = upkeep = 0.0
        sandglass(day(1), "apply")
        for number in range(1, asked.days + 1):
            started = time.monotonic()
            sandglass(day(number), "materialize")
            jobs += time.monotonic() - started
            if maintained and number % asked.every == 0:
                started = time.monotonic()
                sandglass(day(number), "maintain")
                upkeep += time.monotonic() - started
        def line(what: str) -> None:
            files, size, data = below(folder / "store/offline")
            read = sandglass(day(asked.days), "maintain", "--dry-run")
            tables = [table for table in read["feature_views"][0]["versions"][0]["tables"]]
            live = [sum(table["live"][part] for table in tables) for part in ("files", "bytes")]
            print(f"| {what} | {files} | {size} | {data} | {live[0]} | {live[1]} | {jobs:.0f} | {upkeep:.0f} |", flush=True)
        line(f"maintained every {asked.every} days" if maintained else "never maintained")
        if maintained:
            sandglass("2200-01-01", "maintain", "--orphans-after", "0s")
            line("the same, when retention is over")

    rows = subprocess.run(
        [str(training.python()), "-c", f"import duckdb; print(duckdb.sql(\"select count(*) from '{folder}/purchases.parquet'\").fetchall()[0][0])"],
        capture_output=True, text=True, check=True).stdout.strip()
    print(f"{asked.days} days of a job each, of {rows} events\n")
    print("| | files | bytes | Parquet files | of them read | bytes read | seconds of jobs | of maintenance |")
    print("| --- | --- | --- | --- | --- | --- | --- | --- |")
    for maintained in (False, True):
        year(maintained)
    if asked.folder is None:
        shutil.rmtree(folder)


if __name__ == "__main__":
    main()
