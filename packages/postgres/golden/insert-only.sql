SET LOCAL statement_timeout TO 60000;

LOCK TABLE "millrace"."lock_public_airports_137f9040" IN ACCESS EXCLUSIVE MODE;

SET LOCAL statement_timeout TO 900000;

CREATE TEMP TABLE "millrace_files_01jd0000000000000000000000_1" (
  file_id VARCHAR(32) NOT NULL,
  key_id VARCHAR(32) NOT NULL,
  url VARCHAR(1200) NOT NULL,
  etag VARCHAR(128) NOT NULL,
  size BIGINT NOT NULL
) ON COMMIT DROP;

INSERT INTO "millrace_files_01jd0000000000000000000000_1" (file_id, key_id, url, etag, size) VALUES
('647d94ea40c64bdfa0776b403229b051', '7bbe235f11ba7a0bad3df81be9bfcf7d', 's3://lake/flights/a ''b''+%\ü.csv', 'e1', 12),
('ac72dc80c206b3ac751bc17c933f0c36', 'd92d22d8c36b4ec5b242e166c05e10bb', 's3://lake/flights/b.csv', 'e2', 34);

SELECT CAST(verdict AS INTEGER) AS guard FROM (
  SELECT CASE
    WHEN listed.files <> listed.places THEN 'millrace:repeated-file'
    WHEN known.worst = 4 THEN 'millrace:void'
    WHEN known.worst = 3 THEN 'millrace:already-loaded'
  END AS verdict
  FROM (SELECT COUNT(*) AS files, COUNT(DISTINCT key_id) AS places FROM "millrace_files_01jd0000000000000000000000_1") AS listed
  CROSS JOIN (
    SELECT MAX(CASE WHEN receipt.kind = 'void' THEN 4 WHEN receipt.file_id = job_file.file_id THEN 3 ELSE 1 END) AS worst
    FROM "millrace"."receipts_public_airports_137f9040" AS receipt
    LEFT JOIN "millrace_files_01jd0000000000000000000000_1" AS job_file ON receipt.key_id = job_file.key_id
    WHERE receipt.key_id IN ('d39e6b47cf009972a62675410e18b2fc', '7bbe235f11ba7a0bad3df81be9bfcf7d', 'd92d22d8c36b4ec5b242e166c05e10bb')
  ) AS known
) AS guarded;

CREATE TEMP TABLE "millrace_stage_01jd0000000000000000000000_1" (
  "iata" character varying(8) NOT NULL,
  "Größe ""x""" numeric(8,2),
  "extra" json,
  "updated_at" timestamp without time zone
) ON COMMIT DROP;

-- millrace reads {"manifest":"s3://millrace/jobs/public.airports/01JD0000000000000000000000-1-manifest.json","options":"FORMAT CSV IGNOREHEADER 1 GZIP TIMEFORMAT 'auto' COMPUPDATE OFF STATUPDATE OFF"}
COPY "millrace_stage_01jd0000000000000000000000_1" ("iata", "Größe ""x""", "extra", "updated_at") FROM STDIN;

SELECT CAST(current_setting('millrace.copied_rows') AS BIGINT) AS copied_rows;

CREATE TEMP TABLE "millrace_winners_01jd0000000000000000000000_1" ON COMMIT DROP AS
SELECT "iata", "Größe ""x""", "extra", "updated_at" FROM (
  SELECT "iata", "Größe ""x""", "extra", "updated_at", ROW_NUMBER() OVER (
    PARTITION BY "iata"
    ORDER BY staged."Größe ""x""" DESC NULLS LAST, CAST(staged."extra" AS text) COLLATE "C" DESC NULLS LAST, staged."updated_at" DESC NULLS LAST
  ) AS millrace_rank
  FROM "millrace_stage_01jd0000000000000000000000_1" AS staged
) AS ranked
WHERE millrace_rank = 1;

INSERT INTO "public"."airports" ("iata", "Größe ""x""", "extra", "updated_at")
SELECT "iata", "Größe ""x""", "extra", "updated_at" FROM "millrace_winners_01jd0000000000000000000000_1" AS winner
WHERE NOT EXISTS (
  SELECT 1 FROM "public"."airports" AS millrace_row WHERE millrace_row."iata" = winner."iata"
);

INSERT INTO "millrace"."receipts_public_airports_137f9040" (file_id, key_id, url, etag, size, kind, job_id, attempt, fence, job_rows, loaded_at)
SELECT file_id, key_id, url, etag, size, 'load', '01JD0000000000000000000000', 1, 7, (SELECT COUNT(*) FROM "millrace_stage_01jd0000000000000000000000_1"), statement_timestamp() AT TIME ZONE 'UTC'
FROM "millrace_files_01jd0000000000000000000000_1";
