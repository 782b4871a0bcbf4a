-- The fastest that was found: the spine is joined with the purchases before each row's last midnight, then grouped by row. A count of no value
-- is null, as ours is. Times as whole numbers and means as quotients are each some percent faster than what is nearer at hand.
COPY (
    WITH spine AS (
        SELECT row::INTEGER AS row, customer_id, timestamp, label,
               epoch_us(timestamp) // 86_400_000_000 * 86_400_000_000 AS edge
        FROM '{folder}/spine.parquet'
    ),
    purchases AS (
        SELECT customer_id, epoch_us(timestamp) AS t, amount FROM '{folder}/purchases.parquet'
    ),
    grouped AS (
        SELECT row,
               sum(amount) FILTER (t >= edge - 604_800_000_000) AS sum_7d,
               sum(amount) FILTER (t >= edge - 2_592_000_000_000) AS sum_30d,
               sum(amount) FILTER (t >= edge - 7_776_000_000_000) AS sum_90d,
               sum(amount) AS sum_lifetime,
               count(amount) FILTER (t >= edge - 604_800_000_000) AS count_7d,
               count(amount) FILTER (t >= edge - 2_592_000_000_000) AS count_30d,
               count(amount) FILTER (t >= edge - 7_776_000_000_000) AS count_90d,
               count(amount) AS count_lifetime,
               max(amount) FILTER (t >= edge - 604_800_000_000) AS max_7d,
               max(amount) FILTER (t >= edge - 2_592_000_000_000) AS max_30d,
               max(amount) FILTER (t >= edge - 7_776_000_000_000) AS max_90d,
               max(amount) AS max_lifetime,
               stddev_samp(amount) FILTER (t >= edge - 604_800_000_000) AS stddev_samp_7d,
               stddev_samp(amount) FILTER (t >= edge - 2_592_000_000_000) AS stddev_samp_30d,
               stddev_samp(amount) FILTER (t >= edge - 7_776_000_000_000) AS stddev_samp_90d,
               stddev_samp(amount) AS stddev_samp_lifetime
        FROM spine JOIN purchases ON purchases.customer_id = spine.customer_id AND t < edge
        GROUP BY row
    )
    SELECT spine.row::BIGINT AS row, customer_id, timestamp, label,
           sum_7d, sum_30d, sum_90d, sum_lifetime,
           nullif(count_7d, 0) AS count_7d,
           nullif(count_30d, 0) AS count_30d,
           nullif(count_90d, 0) AS count_90d,
           nullif(count_lifetime, 0) AS count_lifetime,
           sum_7d / nullif(count_7d, 0) AS mean_7d,
           sum_30d / nullif(count_30d, 0) AS mean_30d,
           sum_90d / nullif(count_90d, 0) AS mean_90d,
           sum_lifetime / nullif(count_lifetime, 0) AS mean_lifetime,
           max_7d, max_30d, max_90d, max_lifetime,
           stddev_samp_7d, stddev_samp_30d, stddev_samp_90d, stddev_samp_lifetime
    FROM spine LEFT JOIN grouped USING (row)
    ORDER BY row
) TO '{out}' (FORMAT parquet, COMPRESSION zstd);
