CREATE TABLE flights (
  flight_id   BIGINT    NOT NULL,
  flown_at    TIMESTAMP NOT NULL,
  delay       INTEGER,
  distance    INTEGER,
  origin      CHAR(3)   NOT NULL,
  destination CHAR(3)   NOT NULL
) SORTKEY (flown_at);

CREATE TABLE delays (
  delay          INTEGER,
  distance       INTEGER,
  departure_hour DOUBLE PRECISION
);

CREATE TABLE airports (
  iata       VARCHAR(4)   NOT NULL,
  name       VARCHAR(100) NOT NULL,
  city       VARCHAR(100),
  state      VARCHAR(4),
  country    VARCHAR(100),
  latitude   DOUBLE PRECISION,
  longitude  DOUBLE PRECISION,
  updated_at TIMESTAMP    NOT NULL
);
