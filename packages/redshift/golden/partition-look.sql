SELECT size AS generation, job_id, job_rows, url FROM "millrace"."receipts_public_airports_137f9040"
WHERE (kind = 'part' AND key_id = 'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa');
