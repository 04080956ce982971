SET LOCAL statement_timeout TO 60000;

LOCK TABLE "millrace"."lock_public_airports_137f9040" IN ACCESS EXCLUSIVE MODE;

INSERT INTO "millrace"."receipts_public_airports_137f9040" (file_id, key_id, url, etag, size, kind, job_id, attempt, fence, job_rows, loaded_at)
SELECT 'd39e6b47cf009972a62675410e18b2fc', 'd39e6b47cf009972a62675410e18b2fc', '', '', 0, 'void', '01JD0000000000000000000000', 1, 7, CAST(NULL AS BIGINT), statement_timestamp() AT TIME ZONE 'UTC'
WHERE NOT EXISTS (SELECT 1 FROM "millrace"."receipts_public_airports_137f9040" WHERE job_id = '01JD0000000000000000000000' AND attempt = 1);

SELECT
  COALESCE(SUM(CASE WHEN kind IN ('load', 'part') THEN 1 ELSE 0 END), 0) AS loaded,
  COALESCE(SUM(CASE WHEN kind = 'void' THEN 1 ELSE 0 END), 0) AS voided,
  MAX(job_rows) AS job_rows
FROM "millrace"."receipts_public_airports_137f9040"
WHERE job_id = '01JD0000000000000000000000' AND attempt = 1;
