import type { AttributeValue } from '@aws-sdk/client-dynamodb';
import { marshall, unmarshall } from '@aws-sdk/util-dynamodb';
import { freshLane, type Lane, type LaneState } from '@millrace/core';
import { cutText } from './cut-text.ts';
import { type Item, sortKeyOf } from './table-layout.ts';

/** Bytes of the texts that people wrote into a lane: the item stays below 1 KB, so that a write of it is one unit. */
const MAX_REASON_BYTES = 400;

/** The attributes that a transition writes. Not `arrivals`, which intake moves, nor `hasAside`, which putting aside sets. */
export function laneAttributes(lane: Lane): Record<string, AttributeValue> {
  const { target: _, version: __, arrivals: ___, hasAside: ____, ...body } = lane;
  const { pauseAsked } = lane;
  return marshall({
    ...body,
    state: shortened(lane.state),
    pauseAsked: pauseAsked && { ...pauseAsked, why: cutText(pauseAsked.why, MAX_REASON_BYTES) },
  });
}

/** An item that intake made holds `arrivals` alone; one that an older version wrote lacks later fields: both have fresh values. */
export function toLane(item: Item): Lane {
  const target = sortKeyOf(item);
  const fresh = freshLane(target);
  const stored = unmarshall(item) as Partial<Lane>;
  const fields = Object.keys(fresh) as (keyof Lane)[];
  const known = fields.filter((field) => field !== 'target' && stored[field] !== undefined);
  const lane = { ...fresh, ...Object.fromEntries(known.map((field) => [field, stored[field]])) };
  return stored.hasAside ? { ...lane, hasAside: true } : lane;
}

function shortened(state: LaneState): LaneState {
  switch (state.kind) {
    case 'held':
      return { ...state, reason: cutText(state.reason, MAX_REASON_BYTES) };
    case 'paused':
      return { ...state, why: cutText(state.why, MAX_REASON_BYTES) };
    case 'idle':
    case 'waiting':
    case 'submitting':
    case 'running':
      return state;
  }
}
