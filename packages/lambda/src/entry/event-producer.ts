import { createEventProducer } from '../handlers/event-producer.ts';
import { composeProducer, type ProducerComposition } from '../producer/compose-producer.ts';

let composed: ProducerComposition | undefined;

/** The function's handler. It is put together by the first invocation. */
export const handler = createEventProducer(() => {
  composed ??= composeProducer(process.env);
  return composed;
});
