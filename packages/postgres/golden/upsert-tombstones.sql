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
  "updated_at" timestamp without time zone,
  "op" character varying(256)
) ON COMMIT DROP;

-- millrace reads {"manifest":"s3://millrace/jobs/public.airports/01JD0000000000000000000000-1-manifest.json","options":"FORMAT CSV IGNOREHEADER 1 GZIP TIMEFORMAT 'auto' COMPUPDATE OFF STATUPDATE OFF"}
COPY "millrace_stage_01jd0000000000000000000000_1" ("iata", "Größe ""x""", "extra", "updated_at", "op") FROM STDIN;

SELECT CAST(current_setting('millrace.copied_rows') AS BIGINT) AS copied_rows;

CREATE TEMP TABLE "millrace_winners_01jd0000000000000000000000_1" ON COMMIT DROP AS
SELECT "iata", "Größe ""x""", "extra", "updated_at", "op" FROM (
  SELECT "iata", "Größe ""x""", "extra", "updated_at", "op", ROW_NUMBER() OVER (
    PARTITION BY "iata"
    ORDER BY staged."updated_at" DESC NULLS LAST, CASE WHEN COALESCE(staged."op" = 'D''', FALSE) THEN 0 ELSE 1 END, staged."Größe ""x""" DESC NULLS LAST, CAST(staged."extra" AS text) COLLATE "C" DESC NULLS LAST
  ) AS millrace_rank
  FROM "millrace_stage_01jd0000000000000000000000_1" AS staged
) AS ranked
WHERE millrace_rank = 1;

DELETE FROM "millrace_winners_01jd0000000000000000000000_1" USING "public"."airports" AS millrace_row
WHERE "millrace_winners_01jd0000000000000000000000_1"."iata" = millrace_row."iata"
  AND NOT COALESCE((("millrace_winners_01jd0000000000000000000000_1"."updated_at" > millrace_row."updated_at" OR ("millrace_winners_01jd0000000000000000000000_1"."updated_at" IS NOT NULL AND millrace_row."updated_at" IS NULL)) OR (("millrace_winners_01jd0000000000000000000000_1"."updated_at" = millrace_row."updated_at" OR ("millrace_winners_01jd0000000000000000000000_1"."updated_at" IS NULL AND millrace_row."updated_at" IS NULL)) AND (COALESCE("millrace_winners_01jd0000000000000000000000_1"."op" = 'D''', FALSE) OR (("millrace_winners_01jd0000000000000000000000_1"."Größe ""x""" > millrace_row."Größe ""x""" OR ("millrace_winners_01jd0000000000000000000000_1"."Größe ""x""" IS NOT NULL AND millrace_row."Größe ""x""" IS NULL)) OR (("millrace_winners_01jd0000000000000000000000_1"."Größe ""x""" = millrace_row."Größe ""x""" OR ("millrace_winners_01jd0000000000000000000000_1"."Größe ""x""" IS NULL AND millrace_row."Größe ""x""" IS NULL)) AND (CAST("millrace_winners_01jd0000000000000000000000_1"."extra" AS text) COLLATE "C" > CAST(millrace_row."extra" AS text) COLLATE "C" OR (CAST("millrace_winners_01jd0000000000000000000000_1"."extra" AS text) COLLATE "C" IS NOT NULL AND CAST(millrace_row."extra" AS text) COLLATE "C" IS NULL))))))), FALSE);

DELETE FROM "millrace_winners_01jd0000000000000000000000_1" USING "millrace"."graves_public_airports_137f9040" AS grave
WHERE "millrace_winners_01jd0000000000000000000000_1"."iata" = grave."iata"
  AND NOT COALESCE(("millrace_winners_01jd0000000000000000000000_1"."updated_at" > grave."updated_at" OR ("millrace_winners_01jd0000000000000000000000_1"."updated_at" IS NOT NULL AND grave."updated_at" IS NULL)), FALSE);

DELETE FROM "public"."airports" USING "millrace_winners_01jd0000000000000000000000_1" AS winner
WHERE "public"."airports"."iata" = winner."iata" AND COALESCE(winner."op" = 'D''', FALSE);

DELETE FROM "millrace"."graves_public_airports_137f9040" USING "millrace_winners_01jd0000000000000000000000_1" AS winner
WHERE "millrace"."graves_public_airports_137f9040"."iata" = winner."iata";

INSERT INTO "millrace"."graves_public_airports_137f9040" ("iata", "updated_at")
SELECT "iata", "updated_at" FROM "millrace_winners_01jd0000000000000000000000_1" AS winner
WHERE COALESCE(winner."op" = 'D''', FALSE);

DELETE FROM "millrace_winners_01jd0000000000000000000000_1" WHERE COALESCE("millrace_winners_01jd0000000000000000000000_1"."op" = 'D''', FALSE);

MERGE INTO "public"."airports" USING "millrace_winners_01jd0000000000000000000000_1"
ON "airports"."iata" = "millrace_winners_01jd0000000000000000000000_1"."iata"
WHEN MATCHED THEN UPDATE SET "Größe ""x""" = "millrace_winners_01jd0000000000000000000000_1"."Größe ""x""", "extra" = "millrace_winners_01jd0000000000000000000000_1"."extra", "updated_at" = "millrace_winners_01jd0000000000000000000000_1"."updated_at"
WHEN NOT MATCHED THEN INSERT ("iata", "Größe ""x""", "extra", "updated_at") VALUES ("millrace_winners_01jd0000000000000000000000_1"."iata", "millrace_winners_01jd0000000000000000000000_1"."Größe ""x""", "millrace_winners_01jd0000000000000000000000_1"."extra", "millrace_winners_01jd0000000000000000000000_1"."updated_at");

INSERT INTO "millrace"."receipts_public_airports_137f9040" (file_id, key_id, url, etag, size, kind, job_id, attempt, fence, job_rows, loaded_at)
SELECT file_id, key_id, url, etag, size, 'load', '01JD0000000000000000000000', 1, 7, (SELECT COUNT(*) FROM "millrace_stage_01jd0000000000000000000000_1"), statement_timestamp() AT TIME ZONE 'UTC'
FROM "millrace_files_01jd0000000000000000000000_1";
