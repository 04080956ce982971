SELECT file_id, key_id, url, etag, size, job_id, job_rows, 0 AS is_old
FROM "millrace"."receipts_public_airports_137f9040"
WHERE kind = 'load' AND job_id IN ('01JC0000000000000000000000', '01JC0000000000000000000001');

SELECT file_id, key_id, url, etag, size, job_id, job_rows, CASE WHEN loaded_at < '2026-08-23 00:00:00' THEN 1 ELSE 0 END AS is_old
FROM "millrace"."receipts_public_airports_137f9040"
WHERE kind = 'load' AND job_id IN ('01JC0000000000000000000000', '01JC0000000000000000000001');

SELECT COUNT(*) AS found FROM "public"."airports"
WHERE "_job_id" IN ('01JC0000000000000000000000', '01JC0000000000000000000001');
