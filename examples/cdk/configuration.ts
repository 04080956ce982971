import type * as s3 from 'aws-cdk-lib/aws-s3';

/** What a millrace.config.json would say of targets and events; where things are, the construct fills in. */
export function configurationFor({ bucketName }: s3.IBucket): Record<string, unknown> {
  return {
    warehouse: { maxLoads: 4, windows: ['sun:05:30-sun:06:00'] },
    targets: {
      'public.orders': {
        mode: 'upsert',
        key: 'order_id',
        latestBy: 'updated_at',
        from: `s3://${bucketName}/incoming/orders/`,
        format: { kind: 'csv', header: true },
        freshness: '30s',
        after: 'move',
      },
      'public.page_views': {
        mode: 'append',
        from: `s3://${bucketName}/incoming/page_views/`,
        format: { kind: 'json' },
        copy: "TIMEFORMAT 'auto'",
      },
      'public.shipments': { mode: 'insert-only', key: 'event_id', freshness: '30s' },
    },
    events: {
      'order.shipped': [
        {
          fact: 'public.shipments',
          columns: {
            event_id: '$.id',
            shipped_at: '$.time',
            order_id: '$.data.order_id',
            carrier: '$.data.carrier',
          },
        },
      ],
    },
  };
}
