CREATE SCHEMA IF NOT EXISTS "millrace";

CREATE TABLE IF NOT EXISTS "millrace"."receipts_public_airports_137f9040" (
  file_id VARCHAR(32) NOT NULL,
  key_id VARCHAR(32) NOT NULL,
  url VARCHAR(1200) NOT NULL,
  etag VARCHAR(128) NOT NULL,
  size BIGINT NOT NULL,
  kind VARCHAR(8) NOT NULL,
  job_id VARCHAR(26) NOT NULL,
  attempt INTEGER NOT NULL,
  fence BIGINT NOT NULL,
  job_rows BIGINT,
  loaded_at TIMESTAMP NOT NULL
);

CREATE TABLE IF NOT EXISTS "millrace"."lock_public_airports_137f9040" (nothing SMALLINT);

CREATE TABLE IF NOT EXISTS "millrace"."graves_public_airports_137f9040" (
  "iata" character varying(8),
  "updated_at" timestamp without time zone
);
