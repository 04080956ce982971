SELECT file_id, key_id, url, etag, size, job_id
FROM "millrace"."receipts_public_airports_137f9040"
WHERE kind = 'load'
ORDER BY url
LIMIT 10000;

SELECT file_id, key_id, url, etag, size, job_id
FROM "millrace"."receipts_public_airports_137f9040"
WHERE kind = 'load' AND url > 's3://lake/flights/a ''b''+%\\ü.csv' AND url < 's3://lake/flights0'
ORDER BY url
LIMIT 10000;

SELECT file_id, key_id, url, etag, size, job_id
FROM "millrace"."receipts_public_airports_137f9040"
WHERE kind = 'load' AND etag IN ('e1', 'e2')
ORDER BY url
LIMIT 10000;

SELECT file_id, key_id, url, job_id, attempt, fence
FROM "millrace"."receipts_public_airports_137f9040"
WHERE kind = 'load' AND key_id IN ('7bbe235f11ba7a0bad3df81be9bfcf7d', 'd92d22d8c36b4ec5b242e166c05e10bb');

SELECT
  COUNT(CASE WHEN kind = 'load' THEN 1 END) + COALESCE(SUM(CASE WHEN kind = 'horizon' THEN job_rows END), 0) AS files,
  COALESCE(MAX(fence), 0) AS max_fence
FROM "millrace"."receipts_public_airports_137f9040";
