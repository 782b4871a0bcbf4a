"""Makes segments.csv: what a model outside of Sandglass might say of customers, at the end of each quarter.

    python3 make.py        # needs pyarrow

Of the purchases of the other example (CDNOW): customers with ten purchases or more, their segment by how long ago the last one was, and a risk
that they do not come back, 1 - exp(-days since the last purchase / mean days between purchases / 3), to three digits.
"""

import csv
import math
from collections import defaultdict
from datetime import datetime, timezone
from pathlib import Path

import pyarrow.parquet

HERE = Path(__file__).resolve().parent
QUARTERS = [(1997, 4), (1997, 7), (1997, 10), (1998, 1), (1998, 4), (1998, 7)]

table = pyarrow.parquet.read_table(HERE.parents[1] / "purchases/data/purchases.parquet")
times = defaultdict(list)
for customer, at in zip(table["customer_id"].to_pylist(), table["timestamp"].to_pylist()):
    times[customer].append(at)
with open(HERE / "segments.csv", "w", newline="") as file:
    out = csv.writer(file, lineterminator="\n")
    out.writerow(["customer_id", "scored_at", "segment", "churn_risk"])
    for year, month in QUARTERS:
        quarter = datetime(year, month, 1, tzinfo=timezone.utc)
        for customer, all_times in sorted(times.items()):
            before = sorted(at for at in all_times if at < quarter)
            if len(all_times) < 10 or len(before) < 2:
                continue
            since = (quarter - before[-1]).days
            between = max((before[-1] - before[0]).days / (len(before) - 1), 1)
            risk = 1 - math.exp(-since / between / 3)
            segment = "active" if since <= 30 else "cooling" if since <= 90 else "lapsed"
            out.writerow([customer, quarter.strftime("%Y-%m-%dT00:00:00Z"), segment, f"{risk:.3f}"])
