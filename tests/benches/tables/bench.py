"""What bringing rows into a feature table takes: many at once, and few into many.

    python3 tests/benches/tables/bench.py [--keys 1000000] [--rounds 5] [--sandglass target/release/sandglass]

Needs pyarrow. First a Parquet file of --keys rows, a key each (a text of 12 letters, two numbers, a text and a list of eight float32), into an empty
table: seconds, rows a second, and the program's peak memory, offline and online. Then, --rounds times, files of 10, 1,000 and 100,000 rows of keys that are
there: seconds, keys written, and rows that the pass read. Each is a process of its own; seconds are those that the program says.
"""

import argparse
import json
import random
import statistics
import subprocess
import tempfile
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

DEFINITIONS = """
[project]
name = "bench"
[[entity]]
name = "customer"
join_keys = { customer = "utf8" }
[[feature_view]]
name = "profile"
kind = "table"
entities = ["customer"]
columns = { seats = "int64", score = "float64", plan = "utf8", embedding = "list of float32" }
timestamp_column = "updated_at"
online = true
"""
START = 1_700_000_000_000_000
DAY = 86_400_000_000


def rows(path: Path, keys: list[int], day: int, rng: random.Random) -> None:
    count = len(keys)
    floats = pa.array([rng.random() for _ in range(8 * count)], pa.float32())
    table = pa.table(
        {
            "customer": pa.array([f"customer{key:07}"[-12:] for key in keys]),
            "updated_at": pa.array([START + day * DAY + rng.randrange(DAY) for _ in keys], pa.timestamp("us", "UTC")),
            "seats": pa.array([rng.randrange(1000) for _ in keys]),
            "score": pa.array([rng.random() for _ in keys]),
            "plan": pa.array([rng.choice(["free", "team", "business"]) for _ in keys]),
            "embedding": pa.ListArray.from_arrays(pa.array(range(0, 8 * count + 1, 8), pa.int32()), floats),
        }
    )
    pq.write_table(table, path)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--keys", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--sandglass", default="target/release/sandglass")
    arguments = parser.parse_args()
    rng = random.Random(1)
    with tempfile.TemporaryDirectory() as folder:
        project = Path(folder)
        (project / "sandglass.toml").write_text(DEFINITIONS)

        def run(*words: str) -> tuple[dict, int]:
            command = ["/usr/bin/time", "-f", "%M", arguments.sandglass, "--project", folder, "--format", "json", *words]
            done = subprocess.run(command, check=True, capture_output=True, text=True)
            return json.loads(done.stdout), int(done.stderr.split()[-1])

        run("apply")
        file = project / "rows.parquet"
        rows(file, list(range(arguments.keys)), 0, rng)
        told, kilobytes = run("ingest", "profile", "--file", str(file))
        print(
            f"{arguments.keys} keys, {file.stat().st_size / 2**20:.0f} MiB of Parquet: {told['seconds']:.2f} s,"
            f" {arguments.keys / told['seconds']:,.0f} rows/s, peak {kilobytes / 1024:.0f} MiB resident, {told['online']}"
        )
        for count in (10, 1_000, 100_000):
            seconds, written, read = [], [], []
            for round_number in range(arguments.rounds):
                rows(file, rng.sample(range(arguments.keys), count), 1 + round_number, rng)
                told, _ = run("ingest", "profile", "--file", str(file))
                seconds.append(told["seconds"])
                written.append(told["compaction"]["keys_written"])
                read.append(told["compaction"]["rows_read"])
            print(
                f"{count} rows: {statistics.median(seconds):.3f} s ({min(seconds):.3f}-{max(seconds):.3f}), {written[-1]} keys"
                f" written, {statistics.median(read):.0f} rows read of the table"
            )


if __name__ == "__main__":
    main()
