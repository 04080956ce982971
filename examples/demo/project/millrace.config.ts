import {
  append,
  csv,
  defineConfig,
  dimension,
  directory,
  fact,
  json,
  parquet,
  transform,
  upsert,
} from 'millrace';

interface Landing {
  origin: string;
  destination: string;
  delay: number;
  distance: number;
}

export default defineConfig({
  // Plays S3: a folder in it is a bucket. Whatever is put there is taken.
  objects: directory({ path: 'objects' }),
  targets: {
    // One fact table, whose files come in three formats: a load holds files of one of them.
    'public.flights': append({
      from: [
        { prefix: 's3://lake/flights/parquet/', format: parquet() },
        { prefix: 's3://lake/flights/csv/', format: csv({ header: true }) },
        { prefix: 's3://lake/flights/json/', format: json() },
      ],
      freshness: '3s',
    }),
    'public.delays': append({
      from: 's3://lake/delays/',
      format: json(),
      freshness: '3s',
    }),
    // A dimension: the latest version of each airport, in whatever order the versions come.
    'public.airports': upsert({
      key: 'iata',
      latestBy: 'updated_at',
      from: 's3://lake/airports/',
      format: csv({ header: true }),
      freshness: '3s',
    }),
    // Fed by events: a fact, which an event adds once however often it is sent, and two dimensions.
    'public.landings': { mode: 'insert-only', key: 'event_id', freshness: '2s' },
    'public.stations': { mode: 'upsert', key: 'iata', latestBy: 'last_landing', freshness: '2s' },
    'public.routes': {
      mode: 'upsert',
      key: ['origin', 'destination'],
      latestBy: 'last_flown',
      freshness: '2s',
    },
  },
  events: {
    'flight.landed': transform<Landing>(({ id, time, data: { origin, destination, delay, distance } }) => [
      fact('public.landings', { event_id: id, landed_at: time, origin, destination, delay, distance }),
      dimension('public.stations', { iata: destination, last_landing: time }),
      dimension('public.routes', { origin, destination, distance, last_flown: time }),
    ]),
  },
});
