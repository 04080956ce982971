import { describe, expect, it } from 'vitest';
import { ProducerMetrics } from './producer-metrics.ts';

describe('the metrics of a producer', () => {
  it('tell of the consumer beside it what it says now, asked once a scrape', async () => {
    const metrics = new ProducerMetrics();
    let looks = 0;
    metrics.followConsumer(async () => {
      looks += 1;
      return looks > 2
        ? undefined
        : {
            shards: looks === 1 ? [{ shard: '1-0', millisBehindLatest: 1_500 }] : [],
            rejects: [{ type: null, code: 'event-not-json', events: 3 }],
          };
    });
    const linesOf = async () =>
      (await metrics.text()).split('\n').filter((line) => /^millrace_(?:consumer|rejected)/u.test(line));
    expect(await linesOf()).toEqual([
      'millrace_consumer_millis_behind_latest{shard="1-0"} 1500',
      'millrace_rejected_events{type="",code="event-not-json"} 3',
    ]);
    expect(looks).toBe(1);
    expect(await linesOf()).toEqual(['millrace_rejected_events{type="",code="event-not-json"} 3']);
    expect(await linesOf()).toEqual([]);
  });

  it('names the types of the configuration alone: senders do not decide how many series there are', async () => {
    const metrics = new ProducerMetrics();
    const rejects = Array.from({ length: 50 }, (_, n) => ({ type: `made-up.${n}`, code: 'x', events: 2 }));
    metrics.followConsumer(async () => ({
      shards: [],
      types: [{ type: 'known' }, { type: null }],
      rejects: [...rejects, { type: 'known', code: 'x', events: 1 }],
    }));
    const lines = (await metrics.text()).split('\n').filter((line) => line.startsWith('millrace_rejected'));
    expect(lines).toEqual([
      'millrace_rejected_events{type="other",code="x"} 100',
      'millrace_rejected_events{type="known",code="x"} 1',
    ]);
  });
});
