import {
  chunkOptionsOf,
  LoadError,
  type MillraceConfig,
  TableChecks,
  type TableColumn,
  type Warehouse,
} from '@millrace/core';

/** An answer that takes longer is not waited for: events would pile up behind it. */
const PATIENCE_MS = 5_000;

export interface TableChecksParts {
  readonly warehouse: Pick<Warehouse, 'describeTable' | 'dialect'>;
  readonly now: () => number;
  readonly onError: (where: string, error: unknown) => void;
}

/** What tells whether rows of events fit the targets of a configuration. */
export function openTableChecks(
  config: MillraceConfig,
  { warehouse, now, onError }: TableChecksParts,
): TableChecks {
  return new TableChecks({
    warehouse: {
      dialect: warehouse.dialect,
      describeTable: (table) => inTime(warehouse.describeTable(table), table),
    },
    copyOptionsOf: (target) => chunkOptionsOf(config, target),
    now,
    onBlind: (cause) => onError('events', blind(cause)),
  });
}

async function inTime(
  asked: Promise<readonly TableColumn[] | undefined>,
  table: string,
): Promise<readonly TableColumn[] | undefined> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(
      () => reject(new LoadError('warehouse-slow', `no answer about ${table} in ${PATIENCE_MS} ms`)),
      PATIENCE_MS,
    );
  });
  try {
    return await Promise.race([asked, late]);
  } finally {
    clearTimeout(timer);
  }
}

function blind(cause: unknown): LoadError {
  const why = cause instanceof Error ? cause.message : String(cause);
  return new LoadError(
    'rows-unchecked',
    `rows of events are not checked against their tables for now: ${why}`,
    {
      class: 'unavailable',
      hint: 'events go on; a row that does not fit is found when its chunk is loaded',
      cause,
    },
  );
}
