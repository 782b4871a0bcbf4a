-- Purchases and spine rows, these a microsecond before their last midnight, in one table: windows over ranges of time.
COPY (
    WITH spine AS (
        SELECT row, customer_id, timestamp, label, date_trunc('day', timestamp) AS edge FROM '{folder}/spine.parquet'
    ),
    events AS (
        SELECT customer_id, timestamp AS t, amount,
               NULL::BIGINT AS row, NULL::TIMESTAMPTZ AS timestamp, NULL::BOOLEAN AS label
        FROM '{folder}/purchases.parquet'
        WHERE customer_id IN (SELECT customer_id FROM spine)
        UNION ALL
        SELECT customer_id, edge - INTERVAL 1 MICROSECOND, NULL, row, timestamp, label FROM spine
    ),
    answered AS (
        SELECT row, customer_id, timestamp, label,
               sum(amount) OVER w7 AS sum_7d, sum(amount) OVER w30 AS sum_30d,
               sum(amount) OVER w90 AS sum_90d, sum(amount) OVER life AS sum_lifetime,
               nullif(count(amount) OVER w7, 0) AS count_7d, nullif(count(amount) OVER w30, 0) AS count_30d,
               nullif(count(amount) OVER w90, 0) AS count_90d, nullif(count(amount) OVER life, 0) AS count_lifetime,
               avg(amount) OVER w7 AS mean_7d, avg(amount) OVER w30 AS mean_30d,
               avg(amount) OVER w90 AS mean_90d, avg(amount) OVER life AS mean_lifetime,
               max(amount) OVER w7 AS max_7d, max(amount) OVER w30 AS max_30d,
               max(amount) OVER w90 AS max_90d, max(amount) OVER life AS max_lifetime,
               stddev_samp(amount) OVER w7 AS stddev_samp_7d, stddev_samp(amount) OVER w30 AS stddev_samp_30d,
               stddev_samp(amount) OVER w90 AS stddev_samp_90d, stddev_samp(amount) OVER life AS stddev_samp_lifetime
        FROM events
        WINDOW w7 AS (PARTITION BY customer_id ORDER BY t
                      RANGE BETWEEN INTERVAL 604799999999 MICROSECOND PRECEDING AND CURRENT ROW),
               w30 AS (PARTITION BY customer_id ORDER BY t
                       RANGE BETWEEN INTERVAL 2591999999999 MICROSECOND PRECEDING AND CURRENT ROW),
               w90 AS (PARTITION BY customer_id ORDER BY t
                       RANGE BETWEEN INTERVAL 7775999999999 MICROSECOND PRECEDING AND CURRENT ROW),
               life AS (PARTITION BY customer_id ORDER BY t RANGE BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW)
    )
    SELECT * FROM answered WHERE row IS NOT NULL ORDER BY row
) TO '{out}' (FORMAT parquet, COMPRESSION zstd);
