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

DELETE FROM "public"."airports"
WHERE "updated_at" = CAST('2026-11-20' AS timestamp without time zone) AND "iata" = 'SKP';

DELETE FROM "millrace"."receipts_public_airports_137f9040"
WHERE (kind = 'part' AND key_id = 'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa') OR (kind = 'load' AND LEFT(url, 37) = 's3://lake/airports/dt=2026-11-20 ''x''/');

INSERT INTO "millrace"."receipts_public_airports_137f9040" (file_id, key_id, url, etag, size, kind, job_id, attempt, fence, job_rows, loaded_at)
SELECT 'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa', 'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa', 's3://lake/airports/dt=2026-11-20 ''x''/', '', 3, 'part', '01JD0000000000000000000000', 1, 7, 0, GETDATE();
