"""Vectors over HTTP: 30 aggregates over 3 keys, against a route of the same server that reads an equal body and answers equal bytes, and against Feast.
With --requests instead: a request view with a Rust component, against the same request without it, by 1 and 100 rows.

    python tests/benches/serving/bench.py [--seconds 10] [--rounds 5] [--keys 20000] [--connections 1,8,64]
        [--sandglass target/release/sandglass] [--folder somewhere] [--without-feast] [--requests] [--pin]

With --pin servers have one half of the processors and wrk the other, so that latencies are not those of wrk's own threads in the way.
Needs wrk. Variants take turns, round after round; tables have medians and the spread. CPU seconds are those of the servers' processes.
"""

import argparse
import json
import os
import random
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[2]
NOW = "2024-02-01"
ENTITIES = ["user", "shop", "card"]
FEAST = ["feast==0.67.0"]
OPTIONS = {
    "values only, as the Python client": "{}",
    "names and types, as the Java client": '{"includeNames":true,"includeDataTypes":true}',
}


def definitions() -> str:
    views = []
    for entity in ENTITIES:
        views.append(
            f'[[entity]]\nname = "{entity}"\njoin_keys = {{ {entity}_id = "int64" }}\n\n[[source]]\nname = "events_{entity}"\n'
            f'path = "events.csv"\ntimestamp_column = "timestamp"\n\n[[feature_view]]\nname = "by_{entity}"\nkind = "batch"\n'
            f'entities = ["{entity}"]\nsources = ["events_{entity}"]\ntimestamp_column = "timestamp"\nbatch_schedule = "1d"\n'
            f'feature_start_time = "2024-01-01"\naggregation_interval = "1d"\nonline = true\n'
        )
        for function in ["sum", "mean", "max", "count", "stddev_samp"]:
            views.append(
                f'[[feature_view.aggregation]]\ncolumn = "amount"\nfunction = "{function}"\ntime_window = ["7d", "30d"]\n'
            )
    text = (HERE / "sandglass.toml").read_text().replace("{views}", "\n".join(views))
    return text.replace("{guest}", str(ROOT / "tests/guests/bench"))


def events(folder: Path, keys: int) -> None:
    """Ten events for each key over January 2024."""
    pick = random.Random(7)
    with (folder / "events.csv").open("w") as out:
        out.write("timestamp,user_id,shop_id,card_id,amount\n")
        for number in range(10 * keys):
            second = 31 * 86400 * number // (10 * keys)
            at = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(1704067200 + second))
            ids = [str(pick.randrange(keys)) if number >= keys else str(number) for _ in ENTITIES]
            out.write(f"{at},{','.join(ids)},{pick.randrange(1, 100000) / 100}\n")


def processes(root: int) -> list[int]:
    found, left = [], [root]
    while left:
        process = left.pop()
        found.append(process)
        try:
            for task in Path(f"/proc/{process}/task").iterdir():
                left += [int(child) for child in (task / "children").read_text().split()]
        except FileNotFoundError:
            pass
    return found


def cpu(root: int) -> float:
    """Seconds of processors that a process and its children have used."""
    total = 0
    for process in processes(root):
        fields = Path(f"/proc/{process}/stat").read_text().rsplit(")", 1)[1].split()
        total += int(fields[11]) + int(fields[12])
    return total / os.sysconf("SC_CLK_TCK")


PINNED = {"server": [], "wrk": []}


def pin() -> None:
    """Halves of the processors that this process may use."""
    cores = sorted(os.sched_getaffinity(0))
    halves = {"server": cores[: len(cores) // 2], "wrk": cores[len(cores) // 2 :]}
    for name, half in halves.items():
        PINNED[name] = ["taskset", "-c", ",".join(map(str, half))]


def wrk(url: str, connections: int, seconds: float, arguments: list) -> dict:
    threads = 1 if PINNED["wrk"] else min(connections, 2)
    command = [*PINNED["wrk"], "wrk", "-t", threads, "-c", connections, "-d", f"{seconds:.0f}s", "--latency", "-s", HERE / "body.lua", url, "--", *arguments]
    done = subprocess.run([str(part) for part in command], capture_output=True, text=True)
    lines = [line for line in done.stdout.splitlines() if line.startswith("{")]
    if not lines:
        sys.exit(f"wrk failed: {done.stdout}{done.stderr}")
    return json.loads(lines[-1])


def post(url: str, body: str) -> bytes:
    request = urllib.request.Request(url, body.encode(), {"content-type": "application/json"})
    return urllib.request.urlopen(request, timeout=60).read()


def sample(options: str) -> str:
    keys = ",".join(f'"{entity}_id":7' for entity in ENTITIES)
    return (
        '{"params":{"workspaceName":"bench","featureServiceName":"all","joinKeyMap":{' + keys + '},"requestContextMap":{},'
        f'"allowPartialResults":false,"metadataOptions":{options},"requestOptions":{{}}}}}}'
    )


def feast_repository(folder: Path, sandglass: str, keys: int, python: Path) -> Path:
    """The same values in Feast's SQLite store, as its documentation says: written with `write_to_online_store`."""
    repo = folder / "feast"
    if (repo / "ready").exists():
        return repo
    shutil.rmtree(repo, ignore_errors=True)
    repo.mkdir()
    (repo / "feature_store.yaml").write_text(
        "project: bench\nregistry: registry.db\nprovider: local\nonline_store:\n  type: sqlite\n  path: online.db\n"
        "entity_key_serialization_version: 3\n"
    )
    names = {}
    for entity in ENTITIES:
        names[entity] = [f"f{number}" for number in range(10)]
    (repo / "features.py").write_text(
        "from datetime import timedelta\nfrom feast import Entity, FeatureService, FeatureView, Field, FileSource\n"
        "from feast.types import Float64, Int64\nfrom feast.value_type import ValueType\nviews = []\n"
        f"for name in {ENTITIES!r}:\n"
        "    entity = Entity(name=name, join_keys=[f'{name}_id'], value_type=ValueType.INT64)\n"
        "    globals()[f'entity_{name}'] = entity\n"
        "    source = FileSource(name=f'source_{name}', path=f'{name}.parquet', timestamp_field='event_timestamp')\n"
        "    view = FeatureView(name=f'by_{name}', entities=[entity], ttl=timedelta(days=36500), online=True, source=source,\n"
        "        schema=[Field(name=f'{name}_id', dtype=Int64)] + [Field(name=f'{name}_f{number}', dtype=Float64) for number in range(10)])\n"
        "    globals()[f'view_{name}'] = view\n    views.append(view)\nall_features = FeatureService(name='all', features=views)\n"
    )
    # Not in the repository: Feast takes every module there for definitions.
    load = folder / "load_feast.py"
    load.write_text(
        "import datetime, random, sys\nimport pandas as pd\nfrom feast import FeatureStore\n"
        "store = FeatureStore('.')\nkeys = int(sys.argv[1])\npick = random.Random(7)\n"
        f"for name in {ENTITIES!r}:\n"
        "    columns = {f'{name}_id': list(range(keys)), 'event_timestamp': [datetime.datetime(2024, 2, 1, tzinfo=datetime.timezone.utc)] * keys}\n"
        "    for number in range(10):\n        columns[f'{name}_f{number}'] = [pick.random() * 1000 for _ in range(keys)]\n"
        "    frame = pd.DataFrame(columns)\n    frame.to_parquet(f'{name}.parquet')\n    if len(sys.argv) > 2:\n        store.write_to_online_store(f'by_{name}', frame)\n"
    )
    run = lambda *command: subprocess.run([str(part) for part in command], cwd=repo, check=True, capture_output=True)
    run(python, load, keys)
    run(python.parent / "feast", "apply")
    run(python, load, keys, "online")
    (repo / "ready").write_text("")
    return repo


def feast_python() -> Path:
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    folder = cache / "sandglass/python-feast-1"
    found = folder / "bin/python"
    if not (folder / "ready").exists():
        subprocess.run(["python3", "-m", "venv", "--clear", folder], check=True)
        subprocess.run([found, "-m", "pip", "install", "-q", *FEAST], check=True)
        (folder / "ready").write_text("")
    return found


def wait_for(url: str, body: str, process: subprocess.Popen) -> bytes:
    for _ in range(600):
        if process.poll() is not None:
            sys.exit(f"a server ended with {process.returncode}")
        try:
            return post(url, body)
        except OSError:
            time.sleep(0.1)
    sys.exit(f"{url} does not answer")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=10)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--keys", type=int, default=20_000)
    parser.add_argument("--connections", default="1,8,64")
    parser.add_argument("--sandglass", type=Path, default=ROOT / "target/release/sandglass")
    parser.add_argument("--folder", type=Path)
    parser.add_argument("--without-feast", action="store_true")
    parser.add_argument("--requests", action="store_true")
    parser.add_argument("--pin", action="store_true")
    asked = parser.parse_args()
    folder = asked.folder or Path(tempfile.mkdtemp(prefix="sandglass-serving-"))
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "sandglass.toml").write_text(definitions())
    program = [str(asked.sandglass), "--project", str(folder), "--now", NOW, "--format", "json"]
    if not (folder / f"ready-{asked.keys}").exists():
        shutil.rmtree(folder / "store", ignore_errors=True)
        events(folder, asked.keys)
        for command in ["apply", "materialize"]:
            subprocess.run([*program, command], check=True, capture_output=True)
        (folder / f"ready-{asked.keys}").write_text("")

    if asked.pin:
        pin()
    server = subprocess.Popen([*PINNED["server"], *program, "serve", "--listen", "127.0.0.1:0", "--echo"], stdout=subprocess.PIPE, text=True)
    address = "http://" + json.loads(server.stdout.readline())["listening"]
    feast = None
    try:
        if not (asked.without_feast or asked.requests):
            python = feast_python()
            repo = feast_repository(folder, address, asked.keys, python)
            command = [str(python.parent / "feast"), "serve", "--port", "16566", "--no-access-log", "--workers", "2", "--max-requests", "0", "--registry_ttl_sec", "3600"]
            feast = subprocess.Popen([*PINNED["server"], *command], cwd=repo, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            entities = ",".join(f'"{entity}_id":[7]' for entity in ENTITIES)
            body = '{"feature_service":"all","entities":{' + entities + "}}"
            answer = json.loads(wait_for("http://127.0.0.1:16566/get-online-features", body, feast))
            assert len(answer["results"]) >= 30 and all(result["statuses"] == ["PRESENT"] for result in answer["results"]), answer
        get = "/api/v1/feature-service/get-features"
        names = [f"{entity}_id" for entity in ENTITIES]
        variants = []
        if asked.requests:
            for rows in [1, 100]:
                for service in ["inputs", "scored"]:
                    path = get if rows == 1 else get + "-batch"
                    variants.append((f"`{service}`, {rows} rows", server, address + path, [path, asked.keys, "{}", service, rows, "user_id"]))
        for title, options in ({} if asked.requests else OPTIONS).items():
            answer = post(address + get, sample(options))
            assert len(json.loads(answer)["result"]["features"]) == 30, answer
            variants.append((f"{title} ({len(answer)} bytes)", server, address + get, [get, asked.keys, options, "all", 1, *names]))
            echo = f"/echo?bytes={len(answer)}"
            variants.append((f"echo of {len(answer)} bytes", server, address + echo, [echo, asked.keys, options, "all", 1, *names]))
        if feast:
            path = "/get-online-features"
            variants.append(("Feast, SQLite", feast, "http://127.0.0.1:16566" + path, [path, asked.keys, "feast", "all", 1, *names]))
        what = "2 aggregates over 1 key, and a request view of them" if asked.requests else "30 aggregates over 3 keys"
        print(f"{what}, {asked.keys} keys of each, wrk on the same machine, medians of {asked.rounds} rounds (spread)\n")
        for connections in map(int, asked.connections.split(",")):
            measured: dict[str, list[tuple[float, ...]]] = {}
            for variant in variants:
                wrk(variant[2], connections, 1, variant[3])
            for _ in range(asked.rounds):
                for title, process, url, arguments in variants:
                    before = cpu(process.pid)
                    found = wrk(url, connections, asked.seconds, arguments)
                    used = cpu(process.pid) - before
                    if found["errors"]:
                        sys.exit(f"{title}: {found}")
                    rate = found["requests"] / found["seconds"]
                    measured.setdefault(title, []).append((rate, found["p50_us"], found["p99_us"], 1e6 * used / found["requests"]))
            print(f"\n| {connections} connections | requests a second | p50 us | p99 us | CPU us a request |")
            print("| --- | --- | --- | --- | --- |")
            for title, rounds in measured.items():
                cells = [f"{statistics.median(values):.0f} ({min(values):.0f}-{max(values):.0f})" for values in zip(*rounds)]
                print(f"| {title} | {' | '.join(cells)} |", flush=True)
    finally:
        for process in filter(None, [server, feast]):
            process.send_signal(signal.SIGTERM)
            process.wait()
    if asked.folder is None:
        shutil.rmtree(folder)


if __name__ == "__main__":
    main()
