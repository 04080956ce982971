import { append, csv, defineConfig, directory, json, parquet, upsert } from 'millrace';

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
  },
});
