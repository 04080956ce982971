SET statement_timeout TO 60000;

LOCK TABLE "millrace"."lock_public_airports_137f9040";

SET statement_timeout TO 900000;

SELECT CAST(verdict AS INTEGER) AS guard FROM (
  SELECT CASE MAX(CASE WHEN kind = 'void' THEN 3 WHEN url <> 's3://lake/airports/dt=2026-11-20 ''x''/' THEN 2 WHEN size >= 3 THEN 1 ELSE 0 END)
    WHEN 3 THEN 'millrace:void' WHEN 2 THEN 'millrace:partition-shared' WHEN 1 THEN 'millrace:superseded'
  END AS verdict
  FROM "millrace"."receipts_public_airports_137f9040"
  WHERE key_id IN ('d39e6b47cf009972a62675410e18b2fc', 'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa')
) AS guarded;

CREATE TEMP TABLE "millrace_files_01jd0000000000000000000000_1" (
  file_id VARCHAR(32) NOT NULL,
  key_id VARCHAR(32) NOT NULL,
  url VARCHAR(1200) NOT NULL,
  etag VARCHAR(128) NOT NULL,
  size BIGINT NOT NULL
);

INSERT INTO "millrace_files_01jd0000000000000000000000_1" (file_id, key_id, url, etag, size) VALUES
('647d94ea40c64bdfa0776b403229b051', '7bbe235f11ba7a0bad3df81be9bfcf7d', 's3://lake/flights/a ''b''+%\\ü.csv', 'e1', 12),
('ac72dc80c206b3ac751bc17c933f0c36', 'd92d22d8c36b4ec5b242e166c05e10bb', 's3://lake/flights/b.csv', 'e2', 34);

CREATE TEMP TABLE "millrace_stage_01jd0000000000000000000000_1" (
  "iata" character varying(8) NOT NULL,
  "Größe ""x""" numeric(8,2),
  "extra" super,
  "updated_at" timestamp without time zone
);

COPY "millrace_stage_01jd0000000000000000000000_1" ("iata", "Größe ""x""", "extra", "updated_at")
FROM 's3://millrace/jobs/public.airports/01JD0000000000000000000000/1/manifest.json' IAM_ROLE default MANIFEST
CSV IGNOREHEADER 1 GZIP TIMEFORMAT 'auto' COMPUPDATE OFF STATUPDATE OFF;

SELECT pg_last_copy_count() AS copied_rows;

DELETE FROM "public"."airports"
WHERE "_partition" = 's3://lake/airports/dt=2026-11-20 ''x''/';

DELETE FROM "millrace"."receipts_public_airports_137f9040"
WHERE (kind = 'part' AND key_id = 'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa') OR (kind = 'load' AND LEFT(url, 37) = 's3://lake/airports/dt=2026-11-20 ''x''/');

INSERT INTO "public"."airports" ("iata", "Größe ""x""", "extra", "updated_at", "_loaded_at", "_job_id", "_partition")
SELECT "iata", "Größe ""x""", "extra", "updated_at", CAST('2026-11-21 12:00:01.500' AS TIMESTAMP), CAST('01JD0000000000000000000000' AS VARCHAR(26)), 's3://lake/airports/dt=2026-11-20 ''x''/' FROM "millrace_stage_01jd0000000000000000000000_1";

INSERT INTO "millrace"."receipts_public_airports_137f9040" (file_id, key_id, url, etag, size, kind, job_id, attempt, fence, job_rows, loaded_at)
SELECT file_id, key_id, url, etag, size, 'load', '01JD0000000000000000000000', 1, 7, (SELECT COUNT(*) FROM "millrace_stage_01jd0000000000000000000000_1"), GETDATE()
FROM "millrace_files_01jd0000000000000000000000_1";

INSERT INTO "millrace"."receipts_public_airports_137f9040" (file_id, key_id, url, etag, size, kind, job_id, attempt, fence, job_rows, loaded_at)
SELECT 'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa', 'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa', 's3://lake/airports/dt=2026-11-20 ''x''/', '', 3, 'part', '01JD0000000000000000000000', 1, 7, (SELECT COUNT(*) FROM "millrace_stage_01jd0000000000000000000000_1"), GETDATE();
