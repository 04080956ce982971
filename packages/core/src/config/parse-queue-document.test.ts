import { describe, expect, it } from 'vitest';
import { parseQueueDocument } from './parse-queue-document.ts';

const DOCUMENT = `{
  "copy": {
    "options": "CSV IGNOREHEADER 1 TIMEFORMAT 'auto'",
    "role_arn": "arn:aws:iam::123456789012:role/loader",
    "table_name": "sales.orders"
  },
  "cluster": { "identifier": "analytics", "db_name": "prod" },
  "options": {
    "merge_duplicate_pks": true,
    "merge_pk": "order_id",
    "merge_timestamp": "updated_at"
  },
}`;

describe('parseQueueDocument', () => {
  it('reads the table of a queue and how it is loaded', () => {
    const { queueName, definition, cluster } = parseQueueDocument(DOCUMENT, { queueName: 'orders_queue' });
    expect({ queueName, cluster }).toEqual({
      queueName: 'orders_queue',
      cluster: { identifier: 'analytics', database: 'prod' },
    });
    expect(definition).toMatchObject({
      name: 'sales.orders',
      rule: { mode: 'upsert', key: ['order_id'], latestBy: ['updated_at'] },
      format: 'csv',
      iamRole: 'arn:aws:iam::123456789012:role/loader',
      rules: [],
      from: [],
    });
    expect(definition.copyOptions('gzip')).toContain("FORMAT CSV GZIP IGNOREHEADER 1 TIMEFORMAT 'auto'");
  });

  it('means Parquet and append where nothing else is said', () => {
    const { definition, cluster } = parseQueueDocument('{"copy": {"table_name": "orders"}}', {
      queueName: 'q',
    });
    expect(definition).toMatchObject({ name: 'public.orders', format: 'parquet', rule: { mode: 'append' } });
    expect(cluster).toBeNull();
  });

  it('says that files are Parquet where an option does not fit that', () => {
    const text = '{"copy": {"options": "GZIP", "table_name": "orders"}}';
    expect(() => parseQueueDocument(text, { queueName: 'q' })).toThrow(
      /q\.json has 1 problem:\n {2}copy\.options: .*without a format among the options files are Parquet/su,
    );
  });

  it('names what is wrong', () => {
    expect(() => parseQueueDocument('{"copy": {}}', { queueName: 'orders.fifo' })).toThrow(
      /'orders\.fifo' is not the name of a queue.*copy\.table_name: is missing/su,
    );
    expect(() => parseQueueDocument('{}', { queueName: 'q' })).toThrow(/copy: is missing; write the table/u);
  });
});
