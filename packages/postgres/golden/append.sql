SET LOCAL statement_timeout TO 60000;

LOCK TABLE "millrace"."lock_public_airports_137f9040" IN ACCESS EXCLUSIVE MODE;

SET LOCAL statement_timeout TO 900000;

SELECT CAST(verdict AS INTEGER) AS guard FROM (
  SELECT CASE MAX(CASE WHEN kind = 'void' THEN 4 WHEN file_id IN ('647d94ea40c64bdfa0776b403229b051', 'ac72dc80c206b3ac751bc17c933f0c36') THEN 3 ELSE 1 END)
    WHEN 4 THEN 'millrace:void' WHEN 3 THEN 'millrace:already-loaded' WHEN 1 THEN 'millrace:rewritten'
  END AS verdict
  FROM "millrace"."receipts_public_airports_137f9040"
  WHERE key_id IN ('d39e6b47cf009972a62675410e18b2fc', '7bbe235f11ba7a0bad3df81be9bfcf7d', 'd92d22d8c36b4ec5b242e166c05e10bb')
) AS guarded;

-- millrace reads {"manifest":"s3://millrace/jobs/public.airports/01JD0000000000000000000000-1-manifest.json","options":"FORMAT CSV IGNOREHEADER 1 GZIP TIMEFORMAT 'auto' COMPUPDATE OFF STATUPDATE OFF"}
COPY "public"."airports" ("iata", "Größe ""x""", "extra", "updated_at") FROM STDIN;

SELECT CAST(current_setting('millrace.copied_rows') AS BIGINT) AS copied_rows;

INSERT INTO "millrace"."receipts_public_airports_137f9040" (file_id, key_id, url, etag, size, kind, job_id, attempt, fence, job_rows, loaded_at) VALUES
('647d94ea40c64bdfa0776b403229b051', '7bbe235f11ba7a0bad3df81be9bfcf7d', 's3://lake/flights/a ''b''+%\ü.csv', 'e1', 12, 'load', '01JD0000000000000000000000', 1, 7, CAST(current_setting('millrace.copied_rows') AS BIGINT), statement_timestamp() AT TIME ZONE 'UTC'),
('ac72dc80c206b3ac751bc17c933f0c36', 'd92d22d8c36b4ec5b242e166c05e10bb', 's3://lake/flights/b.csv', 'e2', 34, 'load', '01JD0000000000000000000000', 1, 7, CAST(current_setting('millrace.copied_rows') AS BIGINT), statement_timestamp() AT TIME ZONE 'UTC');
