SET LOCAL statement_timeout TO 60000;

LOCK TABLE "millrace"."lock_public_airports_137f9040" IN ACCESS EXCLUSIVE MODE;

INSERT INTO "millrace"."receipts_public_airports_137f9040" (file_id, key_id, url, etag, size, kind, job_id, attempt, fence, job_rows, loaded_at)
SELECT 'f895002b4a70280f57371d7a2ea55ca7', 'f895002b4a70280f57371d7a2ea55ca7', '', '', 0, 'horizon', '', 0, 0, 0, statement_timestamp() AT TIME ZONE 'UTC'
WHERE NOT EXISTS (SELECT 1 FROM "millrace"."receipts_public_airports_137f9040" WHERE key_id = 'f895002b4a70280f57371d7a2ea55ca7');

UPDATE "millrace"."receipts_public_airports_137f9040" SET
  size = CASE WHEN size < 1787443200000 THEN 1787443200000 ELSE size END,
  fence = CASE WHEN fence < 7 THEN 7 ELSE fence END,
  job_rows = job_rows + 2
WHERE key_id = 'f895002b4a70280f57371d7a2ea55ca7';

DELETE FROM "millrace"."receipts_public_airports_137f9040"
WHERE kind = 'load' AND file_id IN ('647d94ea40c64bdfa0776b403229b051', 'ac72dc80c206b3ac751bc17c933f0c36');

DELETE FROM "millrace"."receipts_public_airports_137f9040"
WHERE kind = 'void' AND loaded_at < '2026-08-22 00:00:00';

SELECT size AS horizon_at FROM "millrace"."receipts_public_airports_137f9040" WHERE key_id = 'f895002b4a70280f57371d7a2ea55ca7';
