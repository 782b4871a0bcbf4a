"""Training data of many spine rows, against DuckDB over the same Parquet files.

    python tests/benches/training/bench.py [--rows 1000000] [--factor 100] [--rounds 5] [--memory 536870912] [--threads 2]
        [--sandglass target/release/sandglass] [--folder somewhere] [--queries join,window] [--with-latest] [--alone]

Each round runs everything once, in turns; the table has medians and the spread. Time of sandglass is that of its process, of DuckDB
that of its query without its start; processors' seconds, which other work on the machine disturbs less, are those of processes; memory is the peak of either process, as the kernel counts it. Values are compared row by row.
"""

import argparse
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

PACKAGES = ["duckdb==2.0.0"]
HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[2]
NOW = "1998-07-01"
WINDOWS = ["7d", "30d", "90d", "lifetime"]
FUNCTIONS = ["sum", "count", "mean", "max", "stddev_samp"]


def python() -> Path:
    """A Python with the packages, as tests/harness/python.rs makes it."""
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    folder = cache / "sandglass/python-training-1"
    found = folder / "bin/python"
    if not (folder / "ready").exists():
        subprocess.run(["python3", "-m", "venv", "--clear", folder], check=True)
        subprocess.run([found, "-m", "pip", "install", "-q", *PACKAGES], check=True)
        (folder / "ready").write_text("")
    return found


def run(command: list, **more) -> tuple[float, float, float, str]:
    """Seconds, seconds of processors, peak memory in MiB, and what it said."""
    with tempfile.TemporaryFile("w+") as out, tempfile.TemporaryFile("w+") as err:
        started = time.monotonic()
        process = subprocess.Popen([str(part) for part in command], stdout=out, stderr=err, **more)
        _, status, usage = os.wait4(process.pid, 0)
        seconds = time.monotonic() - started
        process.returncode = os.waitstatus_to_exitcode(status)
        out.seek(0)
        err.seek(0)
        if process.returncode != 0:
            sys.exit(f"{' '.join(map(str, command))[:300]} failed: {err.read()}")
        return seconds, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024, out.read()


def duckdb(memory: int, threads: int, spill: str, sql: str) -> None:
    """Runs statements and prints their seconds."""
    import duckdb

    connection = duckdb.connect()
    connection.execute("SET TimeZone = 'UTC'")
    connection.execute("SET preserve_insertion_order = false")
    connection.execute(f"SET temp_directory = '{spill}'")
    connection.execute(f"SET threads = {threads}")
    connection.execute(f"SET memory_limit = '{memory}B'")
    started = time.monotonic()
    connection.execute(sql)
    print(time.monotonic() - started)


def check(ours: Path, theirs: Path) -> None:
    """Every value of ours is theirs: whole numbers and greatest values to the bit, others to 1e-9."""
    import duckdb

    own = lambda function, window: f'ours."spend__amount_{function}_{window}_1d"'
    other = lambda function, window: f"theirs.{function}_{window}"
    wrong = []
    for function in FUNCTIONS:
        for window in WINDOWS:
            left, right = own(function, window), other(function, window)
            # A deviation of nearly nothing is the rounding of what it was taken from.
            near = f"abs({left} - {right}) <= 1e-9 * greatest(abs({left}), abs({right})) + {1e-6 if function == 'stddev_samp' else 0}"
            same = f"{left} IS NOT DISTINCT FROM {right}"
            wrong.append(f"count(*) FILTER (NOT ({same} OR coalesce({near}, false))) AS {function}_{window}")
    query = f"""
        SELECT count(*), count(*) FILTER (ours.row != ours.place OR ours.customer_id != theirs.customer_id
                                          OR ours.timestamp != theirs.timestamp OR ours.label != theirs.label), {', '.join(wrong)}
        FROM (SELECT *, file_row_number AS place FROM read_parquet('{ours}', file_row_number = true)) AS ours
        FULL JOIN '{theirs}' AS theirs USING (row)"""
    rows, moved, *counts = duckdb.execute(query).fetchall()[0]
    filled = duckdb.execute(f"SELECT count(spend__amount_sum_7d_1d) FROM '{ours}'").fetchall()[0][0]
    print(f"{rows} rows compared, {filled} with a purchase in 7 days; {moved} out of place; values that differ: {sum(counts)}")
    if moved or any(counts):
        names = [f"{function}_{window}" for function in FUNCTIONS for window in WINDOWS]
        sys.exit(f"they differ: { {name: count for name, count in zip(names, counts) if count} }")


def statements(name: str, **values) -> str:
    text = (HERE / f"{name}.sql").read_text()
    for key, value in values.items():
        text = text.replace("{" + key + "}", str(value))
    return text


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--factor", type=int, default=100)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--memory", type=int, default=512 << 20)
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    parser.add_argument("--sandglass", type=Path, default=ROOT / "target/release/sandglass")
    parser.add_argument("--folder", type=Path)
    parser.add_argument("--queries", default="join,window")
    parser.add_argument("--with-latest", action="store_true", help="also the latest row of a view without aggregations, in one run")
    parser.add_argument("--alone", action="store_true", help="without DuckDB")
    asked = parser.parse_args()
    folder = asked.folder or Path(tempfile.mkdtemp(prefix="sandglass-training-"))
    (folder / "spill").mkdir(parents=True, exist_ok=True)
    environment = {**os.environ, "TMPDIR": str(folder / "spill")}
    helper = [python(), __file__]

    made = folder / f"made-{asked.factor}-{asked.rows}"
    if not made.exists():
        purchases = ROOT / "examples/purchases/data/purchases.parquet"
        sql = statements("data", purchases=purchases, factor=asked.factor, rows=asked.rows, folder=folder)
        run([*helper, "__duckdb", 4 << 30, asked.threads, folder / "spill", sql])
        for other in folder.glob("made-*"):
            other.unlink()
        made.write_text("")
        if not (folder / f"store-{asked.factor}").exists():
            shutil.rmtree(folder / "store", ignore_errors=True)
    shutil.copy(HERE / "sandglass.toml", folder)

    common = ["--project", folder, "--now", NOW, "--memory-bytes", asked.memory, "--format", "json"]
    pinned = ["taskset", "-c", f"0-{asked.threads - 1}"]
    measured: dict[str, list[tuple[float, float, float]]] = {}
    if not (folder / "store").exists():
        run([asked.sandglass, "apply", *common], env=environment)
        *costs, _ = run([*pinned, asked.sandglass, "materialize", *common], env=environment)
        measured["sandglass materialize, rows and tiles of both views"] = [tuple(costs)]
        (folder / f"store-{asked.factor}").write_text("")
    queries = [] if asked.alone else asked.queries.split(",")
    for _ in range(asked.rounds):
        features = {"sandglass training-data": "spend"}
        if asked.with_latest:
            features["sandglass training-data, with the latest row"] = "spend,latest"
        for title, names in features.items():
            out = folder / f"ours-{names}.parquet"
            more = ["--spine", folder / "spine.parquet", "--features", names, "--out", out, "--overwrite"]
            *costs, _ = run([*pinned, asked.sandglass, "training-data", *common, *more], env=environment)
            measured.setdefault(title, []).append(tuple(costs))
        for query in queries:
            sql = statements(query, folder=folder, out=folder / f"{query}.parquet")
            _, busy, peak, said = run([*helper, "__duckdb", asked.memory, asked.threads, folder / "spill", sql])
            measured.setdefault(f"duckdb, {query}.sql", []).append((float(said), busy, peak))
    for query in queries:
        print(query, end=": ", flush=True)
        subprocess.run([*helper, "__check", folder / "ours-spend.parquet", folder / f"{query}.parquet"], check=True)
    title = f"{asked.rows} spine rows, {asked.factor} times CDNOW, {asked.memory >> 20} MiB, {asked.threads} threads"
    print(f"\n{title}, medians of {asked.rounds} rounds (spread)\n")
    print("| | seconds | of processors | peak MiB |")
    print("| --- | --- | --- | --- |")
    for title, rounds in measured.items():
        cells = [f"{statistics.median(values):.1f} ({min(values):.1f}-{max(values):.1f})" for values in zip(*rounds)]
        print(f"| {title} | {' | '.join(cells)} |")
    if asked.folder is None:
        shutil.rmtree(folder)


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["__duckdb", memory, threads, spill, sql]:
            duckdb(int(memory), int(threads), spill, sql)
        case ["__check", ours, theirs]:
            check(Path(ours), Path(theirs))
        case _:
            main()
