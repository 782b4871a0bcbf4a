"""Vectors over HTTP by the length of their windows: 1, 30, 365 and 3,650 days, the same 10 aggregates over one key.

    python tests/benches/serving/windows.py [--seconds 4] [--rounds 5] [--keys 20000] [--connections 1,8] [--pin]
        [--sandglass target/release/sandglass] [--folder somewhere]

Each key has 100 events over ten years and one on the last day, so that every window holds some. Needs wrk. Lengths take turns, round after
round; tables have medians and the spread.
"""

import argparse
import json
import random
import shutil
import signal
import statistics
import subprocess
import tempfile
import time
from pathlib import Path

import bench

DAYS = [1, 30, 365, 3650]
START = 1388534400  # 2014-01-01
LAST = 3652  # 2023-12-31
NOW = "2024-01-01"


def definitions() -> str:
    text = (
        '[project]\nname = "bench"\n\n[[entity]]\nname = "user"\njoin_keys = { user_id = "int64" }\n\n'
        '[[source]]\nname = "events"\npath = "events.csv"\ntimestamp_column = "timestamp"\n'
    )
    for days in DAYS:
        text += (
            f'\n[[feature_view]]\nname = "of_{days}d"\nkind = "batch"\nentities = ["user"]\nsources = ["events"]\n'
            'timestamp_column = "timestamp"\nbatch_schedule = "1d"\nfeature_start_time = "2014-01-01"\n'
            'aggregation_interval = "1d"\nonline = true\n'
        )
        for column in ["amount", "quantity"]:
            for function in ["sum", "mean", "max", "count", "stddev_samp"]:
                text += (
                    f'[[feature_view.aggregation]]\ncolumn = "{column}"\nfunction = "{function}"\ntime_window = "{days}d"\n'
                )
        text += f'\n[[feature_service]]\nname = "service_{days}d"\nfeatures = ["of_{days}d"]\n'
    return text


def events(folder: Path, keys: int) -> None:
    pick = random.Random(7)
    with (folder / "events.csv").open("w") as out:
        out.write("timestamp,user_id,amount,quantity\n")
        for key in range(keys):
            seconds = [pick.randrange(LAST * 86400) for _ in range(100)] + [LAST * 86400 - pick.randrange(1, 86400)]
            for second in seconds:
                at = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(START + second))
                out.write(f"{at},{key},{pick.randrange(100_000) / 100},{pick.randrange(10)}\n")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=4)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--keys", type=int, default=20_000)
    parser.add_argument("--connections", default="1,8")
    parser.add_argument("--sandglass", type=Path, default=bench.ROOT / "target/release/sandglass")
    parser.add_argument("--folder", type=Path)
    parser.add_argument("--pin", action="store_true")
    asked = parser.parse_args()
    folder = asked.folder or Path(tempfile.mkdtemp(prefix="sandglass-windows-"))
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
        bench.pin()
    command = [*bench.PINNED["server"], *program, "serve", "--listen", "127.0.0.1:0"]
    server = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    address = "http://" + json.loads(server.stdout.readline())["listening"]
    path = "/api/v1/feature-service/get-features"
    try:
        variants = []
        for days in DAYS:
            service = f"service_{days}d"
            params = {"workspaceName": "bench", "featureServiceName": service, "joinKeyMap": {"user_id": 7}}
            answer = json.loads(bench.post(address + path, json.dumps({"params": params})))
            values = answer["result"]["features"]
            # One event has no deviation.
            assert len(values) == 10 and values[0] is not None, answer
            variants.append((f"{days} days", [path, asked.keys, "{}", service, 1, "user_id"]))
        print(f"10 aggregates over 1 key, {asked.keys} keys, wrk on the same machine, medians of {asked.rounds} rounds (spread)")
        for connections in map(int, asked.connections.split(",")):
            measured: dict[str, list[tuple[float, ...]]] = {}
            for _, arguments in variants:
                bench.wrk(address + path, connections, 1, arguments)
            for _ in range(asked.rounds):
                for title, arguments in variants:
                    found = bench.wrk(address + path, connections, asked.seconds, arguments)
                    assert not found["errors"], found
                    rate = found["requests"] / found["seconds"]
                    measured.setdefault(title, []).append((rate, found["p50_us"], found["p99_us"]))
            print(f"\n| {connections} connections | requests a second | p50 us | p99 us |")
            print("| --- | --- | --- | --- |")
            for title, rounds in measured.items():
                cells = [f"{statistics.median(values):.0f} ({min(values):.0f}-{max(values):.0f})" for values in zip(*rounds)]
                print(f"| {title} | {' | '.join(cells)} |", flush=True)
    finally:
        server.send_signal(signal.SIGTERM)
        server.wait()
    if asked.folder is None:
        shutil.rmtree(folder)


if __name__ == "__main__":
    main()
