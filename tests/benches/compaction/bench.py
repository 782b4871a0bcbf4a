#!/usr/bin/env python3
"""Measures passes of compaction: day after day over the keys that are affected, and over everything.

    cargo build --release && python3 tests/benches/compaction/bench.py [--keys N] [--days N] [--passes N]

A view of two integer columns' sums, counts and means over one window (or five) of 730 days at most, by day; 1% of the keys
have a row on a day. The history is materialized, then each pass is the next day's; after it everything is made anew
(`compact --full`). Seconds are those that the program says for the pass, without its start. Spread: least and most.
"""

import argparse
import json
import random
import shutil
import statistics
import subprocess
import tempfile
from array import array
from datetime import datetime, timedelta, timezone
from pathlib import Path

START = datetime(2020, 1, 1, tzinfo=timezone.utc)


def definitions(windows):
    windows = ", ".join(f'"{days}d"' for days in windows)
    text = """[project]
name = "bench"

[[entity]]
name = "user"
join_keys = { user_id = "int64" }

[[source]]
name = "events"
path = "data"
timestamp_column = "timestamp"

[[feature_view]]
name = "v"
kind = "batch"
entities = ["user"]
sources = ["events"]
timestamp_column = "timestamp"
batch_schedule = "1d"
feature_start_time = "2020-01-01"
aggregation_interval = "1d"
online = true
compaction_schedule = "3650d"
"""
    for column in ("amount", "quantity"):
        for function in ("sum", "count", "mean"):
            text += f"""
[[feature_view.aggregation]]
column = "{column}"
function = "{function}"
time_window = [{windows}]
"""
    return text


def write_data(folder, keys, days, active):
    """One file for each 30 days; rows by time."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    folder.mkdir(parents=True)
    rng = random.Random(7)
    per_day = max(1, int(keys * active))
    rows = 0
    for first in range(0, days, 30):
        users, times, amounts, quantities = array("q"), array("q"), array("q"), array("q")
        for day in range(first, min(first + 30, days)):
            base = int((START + timedelta(days=day)).timestamp() * 1_000_000)
            step = 86_400_000_000 // per_day
            for number in range(per_day):
                users.append(rng.randrange(keys))
                times.append(base + number * step)
                amounts.append(rng.randrange(10_000))
                quantities.append(rng.randrange(10))
        rows += len(users)
        table = pa.table(
            {
                "user_id": pa.array(users, pa.int64()),
                "timestamp": pa.array(times, pa.timestamp("us", tz="UTC")),
                "amount": pa.array(amounts, pa.int64()),
                "quantity": pa.array(quantities, pa.int64()),
            }
        )
        pq.write_table(table, folder / f"{first:05}.parquet")
    return rows


class Program:
    def __init__(self, binary, project):
        self.binary, self.project = binary, project

    def __call__(self, day, *arguments):
        now = (START + timedelta(days=day)).isoformat().replace("+00:00", "Z")
        command = [self.binary, "--project", self.project, "--now", now, "--format", "json", *arguments]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise SystemExit(done.stderr)
        return json.loads(done.stdout)


def of(values):
    return f"{statistics.median(values):,.3g} ({min(values):,.3g}-{max(values):,.3g})"


def measure(arguments, windows, source):
    folder = Path(tempfile.mkdtemp(prefix="sandglass-compaction-", dir=arguments.folder))
    try:
        (folder / "sandglass.toml").write_text(definitions(windows))
        (folder / "data").symlink_to(source)
        program = Program(arguments.sandglass, folder)
        history = arguments.days - arguments.passes
        program(history, "apply")
        program(history, "materialize")
        found = {"some": [], "all": []}
        for day in range(history + 1, arguments.days + 1):
            program(day, "materialize")
            for way, flags in (("some", []), ("all", ["--full"])):
                view = program(day, "compact", *flags)["feature_views"][0]
                expected = "changed" if way == "some" else "loaded"
                assert view["compaction"]["pass"] == expected, view
                found[way].append(view)
        print(f"\n{len(windows)} window(s) of at most {max(windows)} days")
        for way, views in found.items():
            passes = [view["compaction"] for view in views]
            print(
                f"  {way:5} {of([view['seconds'] for view in views])} s,"
                f" tiles {of([one['rows_read'] for one in passes])}, items {of([one['keys_written'] for one in passes])}"
            )
        for name, value in (
            ("time", lambda view: view["seconds"]),
            ("tiles read", lambda view: view["compaction"]["rows_read"]),
            ("items written", lambda view: view["compaction"]["keys_written"]),
        ):
            ratios = [value(b) / value(a) for a, b in zip(found["some"], found["all"])]
            print(f"  {name}: {of(ratios)} times less")
    finally:
        shutil.rmtree(folder)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    root = Path(__file__).resolve().parents[3]
    parser.add_argument("--sandglass", default=root / "target/release/sandglass")
    parser.add_argument("--folder", type=Path, help="where data and stores are made; the system's if it is not said")
    parser.add_argument("--keys", type=int, default=1_000_000)
    parser.add_argument("--days", type=int, default=800)
    parser.add_argument("--passes", type=int, default=5)
    parser.add_argument("--active", type=float, default=0.01, help="share of the keys with a row on a day")
    arguments = parser.parse_args()
    data = Path(tempfile.mkdtemp(prefix="sandglass-compaction-data-", dir=arguments.folder))
    try:
        rows = write_data(data / "events", arguments.keys, arguments.days, arguments.active)
        print(f"{arguments.keys:,} keys, {rows:,} rows in {arguments.days} days, {arguments.passes} passes")
        measure(arguments, [730], data / "events")
        measure(arguments, [1, 7, 30, 90, 730], data / "events")
    finally:
        shutil.rmtree(data)


if __name__ == "__main__":
    main()
