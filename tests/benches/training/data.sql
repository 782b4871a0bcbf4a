-- The CDNOW data {factor} times over: customers of each copy are others, and so is the time of day.
COPY (
    SELECT customer_id + copy * 1_000_000 AS customer_id,
           timestamp + to_microseconds((hash(customer_id, timestamp, amount, copy) % 86_400_000_000)::BIGINT) AS timestamp,
           quantity,
           amount
    FROM '{purchases}', range({factor}) AS copies (copy)
    ORDER BY timestamp, customer_id
) TO '{folder}/purchases.parquet' (FORMAT parquet, COMPRESSION zstd, ROW_GROUP_SIZE 122_880);

-- Random customers at random times of the data's range.
COPY (
    SELECT row,
           1 + customer % 23_570 + customer // 23_570 * 1_000_000 AS customer_id,
           TIMESTAMPTZ '1997-01-01 00:00:00+00' + to_microseconds(micros) AS timestamp,
           micros % 2 = 0 AS label
    FROM (
        SELECT row,
               (hash('customer ' || row) % (23_570 * {factor}))::BIGINT AS customer,
               (hash('time ' || row) % (546 * 86_400_000_000))::BIGINT AS micros
        FROM range({rows}) AS rows (row)
    )
    ORDER BY row
) TO '{folder}/spine.parquet' (FORMAT parquet, COMPRESSION zstd, ROW_GROUP_SIZE 122_880);
