SELECT file_id, key_id, url, etag, size, job_id
FROM "millrace"."receipts_public_airports_137f9040"
WHERE kind = 'load' AND loaded_at < '1970-01-01 00:00:00'
ORDER BY url
LIMIT 1000;

SELECT size AS horizon_at FROM "millrace"."receipts_public_airports_137f9040" WHERE key_id = 'f895002b4a70280f57371d7a2ea55ca7';
