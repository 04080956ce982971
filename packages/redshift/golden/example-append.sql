SET statement_timeout TO 60000;

LOCK TABLE "millrace"."lock_public_airports_137f9040";

SET statement_timeout TO 900000;

SELECT CAST(verdict AS INTEGER) AS guard FROM (
  SELECT CASE MAX(CASE WHEN kind = 'void' THEN 4 WHEN file_id IN ('9e402c682e6394fa8534665926c35908') THEN 3 WHEN kind = 'horizon' THEN CASE WHEN size > 1795262400000 THEN 2 ELSE 0 END ELSE 1 END)
    WHEN 4 THEN 'millrace:void' WHEN 3 THEN 'millrace:already-loaded' WHEN 2 THEN 'millrace:before-horizon' WHEN 1 THEN 'millrace:rewritten'
  END AS verdict
  FROM "millrace"."receipts_public_airports_137f9040"
  WHERE key_id IN ('d39e6b47cf009972a62675410e18b2fc', 'f895002b4a70280f57371d7a2ea55ca7', 'd500ce52fbf779db148b596ff29b01c7')
) AS guarded;

COPY "public"."airports" ("iata", "name", "updated_at")
FROM 's3://millrace/jobs/public.airports/01JD0000000000000000000000/1/manifest.json' IAM_ROLE default MANIFEST
CSV IGNOREHEADER 1 GZIP TIMEFORMAT 'auto' COMPUPDATE OFF STATUPDATE OFF;

SELECT pg_last_copy_count() AS copied_rows;

INSERT INTO "millrace"."receipts_public_airports_137f9040" (file_id, key_id, url, etag, size, kind, job_id, attempt, fence, job_rows, loaded_at) VALUES
('9e402c682e6394fa8534665926c35908', 'd500ce52fbf779db148b596ff29b01c7', 's3://lake/airports/2026-11-21.csv.gz', 'c0ffee', 4711, 'load', '01JD0000000000000000000000', 1, 7, CAST(NULL AS BIGINT), GETDATE());
