CREATE TABLE landings (
  event_id    VARCHAR(40) NOT NULL,
  landed_at   TIMESTAMP   NOT NULL,
  origin      CHAR(3)     NOT NULL,
  destination CHAR(3)     NOT NULL,
  delay       INTEGER,
  distance    INTEGER
) SORTKEY (landed_at);

CREATE TABLE stations (
  iata         CHAR(3)   NOT NULL,
  last_landing TIMESTAMP NOT NULL
);

CREATE TABLE routes (
  origin      CHAR(3)   NOT NULL,
  destination CHAR(3)   NOT NULL,
  distance    INTEGER,
  last_flown  TIMESTAMP NOT NULL
);
