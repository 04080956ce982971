import { describe, expect, it } from 'vitest';
import { RedshiftError } from '../redshift-error.ts';
import { parseCopy } from './parse-copy.ts';

describe('parseCopy', () => {
  it('reads table, columns, address and options', () => {
    const statement = parseCopy(
      `COPY Public."Flights" (Id, "Name") FROM 's3://b/it''s' IAM_ROLE default FORMAT AS CSV -- note\n GZIP;`,
    );
    expect(statement).toMatchObject({
      table: { schema: 'public', name: 'flights' },
      columns: ['id', 'name'],
      from: "s3://b/it's",
      options: {
        format: { kind: 'csv' },
        compression: 'gzip',
        credentials: { kind: 'role', role: 'default' },
      },
    });
    expect(parseCopy("copy t from 's3://b/x'").columns).toBeUndefined();
  });

  it.each([
    ["COPY FROM 's3://b/x'", '42601'],
    ['COPY t FROM s3://b/x', '42601'],
    ["COPY t () FROM 's3://b/x'", '42601'],
    ["COPY t (a, a) FROM 's3://b/x'", '42701'],
    ["COPY t FROM 's3://b/x' GARBAGE", '42601'],
    ["COPY t FROM 's3://b/x' CSV FROM 's3://b/y'", '42601'],
    ["COPY t FROM 's3://b/x", '42601'],
  ])('refuses %s', (sql, sqlState) => {
    try {
      parseCopy(sql);
    } catch (error) {
      expect(error).toBeInstanceOf(RedshiftError);
      expect((error as RedshiftError).sqlState).toBe(sqlState);
      return;
    }
    throw new Error('was not refused');
  });
});
