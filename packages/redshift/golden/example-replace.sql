SET statement_timeout TO 60000;

LOCK TABLE "millrace"."lock_public_airports_137f9040";

SET statement_timeout TO 900000;

CREATE TEMP TABLE "millrace_files_01jd0000000000000000000000_1" (
  file_id VARCHAR(32) NOT NULL,
  key_id VARCHAR(32) NOT NULL,
  url VARCHAR(1200) NOT NULL,
  etag VARCHAR(128) NOT NULL,
  size BIGINT NOT NULL
);

INSERT INTO "millrace_files_01jd0000000000000000000000_1" (file_id, key_id, url, etag, size) VALUES
('9e402c682e6394fa8534665926c35908', 'd500ce52fbf779db148b596ff29b01c7', 's3://lake/airports/2026-11-21.csv.gz', 'c0ffee', 4711);

SELECT CAST(verdict AS INTEGER) AS guard FROM (
  SELECT CASE
    WHEN listed.files <> listed.places THEN 'millrace:repeated-file'
    WHEN known.worst = 4 THEN 'millrace:void'
    WHEN known.worst = 3 THEN 'millrace:already-loaded'
    WHEN known.worst = 2 THEN 'millrace:before-horizon'
    WHEN known.worst = 1 THEN 'millrace:rewritten'
  END AS verdict
  FROM (SELECT COUNT(*) AS files, COUNT(DISTINCT key_id) AS places FROM "millrace_files_01jd0000000000000000000000_1") AS listed
  CROSS JOIN (
    SELECT MAX(CASE WHEN receipt.kind = 'void' THEN 4 WHEN receipt.file_id = job_file.file_id THEN 3 WHEN receipt.kind = 'horizon' THEN CASE WHEN receipt.size > 1795262400000 THEN 2 ELSE 0 END ELSE 1 END) AS worst
    FROM "millrace"."receipts_public_airports_137f9040" AS receipt
    LEFT JOIN "millrace_files_01jd0000000000000000000000_1" AS job_file ON receipt.key_id = job_file.key_id
    WHERE receipt.key_id IN ('d39e6b47cf009972a62675410e18b2fc', 'f895002b4a70280f57371d7a2ea55ca7', 'd500ce52fbf779db148b596ff29b01c7') AND receipt.job_id NOT IN ('01JC0000000000000000000000')
  ) AS known
) AS guarded;

SELECT CAST(verdict AS INTEGER) AS guard FROM (
  SELECT CASE
    WHEN known.receipts <> 1 OR kept.loaded <> 42 THEN 'millrace:replaced'
  END AS verdict
  FROM (SELECT COUNT(*) AS receipts FROM "millrace"."receipts_public_airports_137f9040" WHERE kind = 'load' AND job_id IN ('01JC0000000000000000000000')) AS known
  CROSS JOIN (SELECT COUNT(*) AS loaded FROM "public"."airports" WHERE "_job_id" IN ('01JC0000000000000000000000')) AS kept
) AS guarded;

CREATE TEMP TABLE "millrace_stage_01jd0000000000000000000000_1" (
  "iata" character varying(4),
  "name" character varying(60),
  "updated_at" timestamp without time zone
);

COPY "millrace_stage_01jd0000000000000000000000_1" ("iata", "name", "updated_at")
FROM 's3://millrace/jobs/public.airports/01JD0000000000000000000000/1/manifest.json' IAM_ROLE default MANIFEST
CSV IGNOREHEADER 1 GZIP TIMEFORMAT 'auto' COMPUPDATE OFF STATUPDATE OFF;

SELECT pg_last_copy_count() AS copied_rows;

DELETE FROM "public"."airports"
WHERE "_job_id" IN ('01JC0000000000000000000000');

DELETE FROM "millrace"."receipts_public_airports_137f9040"
WHERE kind = 'load' AND job_id IN ('01JC0000000000000000000000');

INSERT INTO "public"."airports" ("iata", "name", "updated_at", "_loaded_at", "_job_id")
SELECT "iata", "name", "updated_at", CAST('2026-11-21 12:00:01.500' AS TIMESTAMP), CAST('01JD0000000000000000000000' AS VARCHAR(26)) FROM "millrace_stage_01jd0000000000000000000000_1";

INSERT INTO "millrace"."receipts_public_airports_137f9040" (file_id, key_id, url, etag, size, kind, job_id, attempt, fence, job_rows, loaded_at)
SELECT file_id, key_id, url, etag, size, 'load', '01JD0000000000000000000000', 1, 7, (SELECT COUNT(*) FROM "millrace_stage_01jd0000000000000000000000_1"), GETDATE()
FROM "millrace_files_01jd0000000000000000000000_1";
