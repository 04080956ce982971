import type { AttributeValue } from '@aws-sdk/client-dynamodb';
import { marshall, unmarshall } from '@aws-sdk/util-dynamodb';
import { freshGate, type Gate } from '@millrace/core';
import { cutText } from './cut-text.ts';
import type { Item } from './table-layout.ts';

/** Bytes of the texts that people and warehouses wrote: the item stays below 1 KB, so that reading it is one unit. */
const MAX_TEXT_BYTES = 300;

/** The attributes of the gate, but for its version. */
export function gateAttributes({ version: _, hold, pause, ...rest }: Gate): Record<string, AttributeValue> {
  return marshall({
    ...rest,
    hold: hold && { ...hold, reason: cutText(hold.reason, MAX_TEXT_BYTES) },
    pause: pause && { ...pause, why: cutText(pause.why, MAX_TEXT_BYTES) },
  });
}

/** An item that an older version wrote lacks later fields: they have fresh values. */
export function toGate(item: Item): Gate {
  const fresh = freshGate();
  const stored = unmarshall(item) as Partial<Gate>;
  const known = (Object.keys(fresh) as (keyof Gate)[]).filter((field) => stored[field] !== undefined);
  return { ...fresh, ...Object.fromEntries(known.map((field) => [field, stored[field]])) };
}
