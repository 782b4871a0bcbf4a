"""Makes purchases.parquet of a CSV file; see README.md."""

import sys

import pyarrow as pa
import pyarrow.csv as csv
import pyarrow.parquet as pq


def main(source: str, target: str) -> None:
    types = {
        "customer_id": pa.int64(),
        "purchased_at": pa.timestamp("us", "UTC"),
        "quantity": pa.int64(),
        "amount": pa.float64(),
    }
    table = csv.read_csv(source, convert_options=csv.ConvertOptions(column_types=types))
    table = table.rename_columns(["customer_id", "timestamp", "quantity", "amount"])
    table = table.sort_by([("timestamp", "ascending"), ("customer_id", "ascending")])
    pq.write_table(table, target, row_group_size=8192, compression="zstd", write_page_index=True)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2])
