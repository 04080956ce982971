import { composeOnce } from '../compose.ts';
import { createEventConsumer } from '../handlers/event-consumer.ts';

/** The function's handler. It is put together by the first invocation. */
export const handler = createEventConsumer(composeOnce(process.env));
