import { urlOf } from '../../file/identity.ts';
import { loadFileOf } from '../../file/load-file.ts';
import type { StatementRef } from '../../lane/lane.ts';
import {
  clientTokenOf,
  hashOf,
  renderFileList,
  renderManifest,
  statementNameOf,
} from '../../load/job-document.ts';
import { LEDGER_SCHEMA, ledgerOf } from '../../load/ledger.ts';
import type { Attempt, Statement, TableName } from '../../load/statement.ts';
import { ulid } from '../../load/ulid.ts';
import type { CheckResult } from '../../ports/doctor.ts';
import type { ObjectRef } from '../../ports/object-store.ts';
import type { StatementBatch, StatementStatus } from '../../ports/warehouse.ts';
import type { Loader } from '../../verbs/loader.ts';
import { fails, failsBy, passes, warns } from './check-result.ts';

/** What one look at a statement may wait, and what is waited between two where a warehouse answers at once. */
const LOOK_MS = 2_000;
const PAUSE_MS = 100;
/** A statement is given up after minutes: a warehouse may have to wake. */
const MAX_WAIT_MS = 5 * 60_000;
/** Statements that keep the first transaction busy while the second one begins: a batch has at most 40. */
const BALLAST = 24;
/** What the probe's file holds for COPY: two rows. */
const ROWS = 2;

/** A statement of the probe, as it ended. */
type Ended = Exclude<StatementStatus, { state: 'running' }>;

/**
 * Runs a fake job twice at once, and looks whether the warehouse is what Millrace takes it for: the second transaction has
 * to fail in the guard, in words that are recognised; COPY has to read a manifest with the configured role, and tell its
 * rows; temporary tables of two batches must not meet. Everything that it makes has a name of its own and is taken away again.
 */
export async function probeWarehouse(
  loader: Loader,
  { pause }: { pause: (ms: number) => Promise<void> },
): Promise<readonly CheckResult[]> {
  const jobId = ulid(loader.now(), loader.random());
  const target = `${LEDGER_SCHEMA}.doctor_${jobId.toLowerCase()}`;
  const { receipts, lock } = ledgerOf(target);
  const { warehouse } = loader;
  const run = async (statement: Statement): Promise<void> => {
    await warehouse.transact([warehouse.dialect.render(statement)]);
  };
  try {
    await run({ kind: 'create-schema', schema: LEDGER_SCHEMA }).catch(() => {
      // Who may only use a schema that is there is refused here; the tables tell.
    });
    await run({ kind: 'create-receipts', receipts });
    await run({ kind: 'create-lock', lock });
  } catch (error) {
    return [
      failsBy(
        'live tables',
        error,
        'run the SQL of `millrace grants USER`: the user makes tables in schema millrace',
      ),
    ];
  }
  try {
    const probe: Probe = { loader, pause, target, attempt: { jobId, attempt: 1, fence: 1 } };
    return [
      passes('live tables', `made ${receipts.schema}.${receipts.name} and its lock`),
      ...(await probeGuard(probe)),
      ...(await probeCopy(probe)),
    ];
  } catch (error) {
    return [failsBy('live', error)];
  } finally {
    for (const table of [receipts, lock]) {
      // A table of the probe that stays does no harm, and must not hide what was found.
      await run({ kind: 'drop-table', table }).catch(() => {});
    }
  }
}

interface Probe {
  readonly loader: Loader;
  readonly pause: (ms: number) => Promise<void>;
  readonly target: string;
  readonly attempt: Attempt;
}

/** Two transactions of one job, the second sent while the first runs: one commits, and the other dies in the guard. */
async function probeGuard(probe: Probe): Promise<readonly CheckResult[]> {
  const { loader, target, attempt } = probe;
  const ledger = ledgerOf(target);
  const file = loadFileOf(
    { ...loader.settings.control, key: 'doctor', etag: 'doctor', size: 1 },
    loader.now(),
  );
  // As a merge has it: a warehouse may know the rows of a COPY alone, and there is none here.
  const jobFiles: TableName = { name: 'millrace_doctor' };
  const files = { kind: 'table', table: jobFiles } as const;
  const job: readonly Statement[] = [
    { kind: 'limit-time', ms: loader.settings.lockTimeoutMs },
    { kind: 'lock-lane', lock: ledger.lock },
    { kind: 'limit-time', ms: loader.settings.statementTimeoutMs },
    { kind: 'create-job-files', jobFiles },
    { kind: 'insert-job-files', jobFiles, files: [file] },
    {
      kind: 'guard-receipts',
      receipts: ledger.receipts,
      files,
      attempt,
      keyIds: [file.keyId],
      refusesRewrites: true,
      replacedJobIds: [],
      oldestWrittenAt: null,
    },
    { kind: 'record-receipts', receipts: ledger.receipts, files, attempt, stage: jobFiles },
  ];
  const ballast = Array.from({ length: BALLAST }, (_, nth): Statement => {
    return { kind: 'record-void', receipts: ledger.receipts, attempt: { ...attempt, attempt: 100 + nth } };
  });
  const refs = await Promise.all([
    submit(probe, [...job, ...ballast], 'first'),
    submit(probe, job, 'second'),
  ]);
  const ended = await Promise.all(refs.map((ref) => endOf(probe, ref)));
  const committed = ended.filter(({ state }) => state === 'finished').length;
  const refused = ended.find((one) => one.state === 'failed');
  if (committed === 2) {
    const detail = 'both transactions of one job committed: the second did not see the receipts of the first';
    return [
      fails('live guard', detail, 'do not load with this warehouse: it would load files twice; report it'),
    ];
  }
  if (committed === 0) {
    const why = refused?.state === 'failed' ? refused.error.message : 'neither ended in time';
    return [
      fails('live guard', `no transaction committed: ${why}`, 'mend what the message names, then try again'),
    ];
  }
  if (refused?.state !== 'failed') {
    return [warns('live guard', 'the second transaction did not end in time', 'try again')];
  }
  const { code, message } = refused.error;
  return [
    passes('live guard', 'of two transactions of one job at once, one committed'),
    code === 'guard-already-loaded'
      ? passes('live wording', `the guard was recognised: ${firstLine(message)}`)
      : fails(
          'live wording',
          `the second transaction failed as '${code}', not by the guard's text: ${firstLine(message)}`,
          'it still loads nothing twice, but takes failures for others than they are; report the message',
        ),
  ];
}

/** COPY by a manifest with the configured role, twice at once into temporary tables of the same name. */
async function probeCopy(probe: Probe): Promise<readonly CheckResult[]> {
  const { loader, attempt } = probe;
  const { objects, settings } = loader;
  // No folder of its own: of a directory store an empty one would stay.
  const at = (name: string): ObjectRef => ({
    bucket: settings.control.bucket,
    key: `${settings.control.key}doctor-${attempt.jobId}-${name}`,
  });
  const places = { fileList: at('files.csv'), manifest: at('manifest.json') };
  const files = Array.from({ length: ROWS }, (_, nth) =>
    loadFileOf({ ...settings.control, key: `doctor-${nth}`, etag: 'doctor', size: 1 }, 0),
  );
  const list = renderFileList(files);
  const entry = { url: urlOf(places.fileList), size: Buffer.byteLength(list) };
  const jobFiles: TableName = { name: 'millrace_doctor' };
  const statements: readonly Statement[] = [
    { kind: 'create-job-files', jobFiles },
    {
      kind: 'copy-job-files',
      jobFiles,
      manifestUrl: urlOf(places.manifest),
      iamRole: settings.iamRole,
    },
    { kind: 'count-copied' },
  ];
  try {
    await objects.write(places.fileList, list);
    await objects.write(places.manifest, renderManifest([entry]));
    const refs = await Promise.all([
      submit(probe, statements, 'copy-1'),
      submit(probe, statements, 'copy-2'),
    ]);
    const ended = await Promise.all(refs.map((ref) => endOf(probe, ref)));
    const failed = ended.find((one) => one.state === 'failed');
    if (failed?.state === 'failed') {
      const isMet = /already exists/iu.test(failed.error.message);
      if (isMet) {
        const detail = `temporary tables of two batches met: ${firstLine(failed.error.message)}`;
        return [
          fails('live temporary tables', detail, 'report it: loads of two targets would disturb each other'),
        ];
      }
      return [
        failsBy(
          'live copy',
          failed.error,
          'let the role of `iamRole` read the bucket, and attach it to the warehouse',
        ),
      ];
    }
    if (ended.some(({ state }) => state === 'unknown')) {
      return [warns('live copy', 'COPY did not end in time', 'try again')];
    }
    const counts = ended.map((one) => (one.state === 'finished' ? one.copiedRows : null));
    return [
      passes('live copy', `COPY read ${entry.url} by its manifest`),
      passes('live temporary tables', 'two batches had a temporary table of the same name'),
      counts.every((rows) => rows === ROWS)
        ? passes('live row count', `COPY told its ${ROWS} rows`)
        : warns(
            'live row count',
            `COPY told ${counts.map((rows) => rows ?? 'nothing').join(' and ')}, and read ${ROWS} rows each`,
            'rows in `status` and receipts of appends are not to be relied on; report it',
          ),
    ];
  } finally {
    for (const place of [places.fileList, places.manifest]) {
      const info = await objects.head(place);
      if (info !== undefined) await objects.delete(place, { ifMatch: info.etag });
    }
  }
}

/** A name and a token of its own for each: the same token would be the same submission. */
function submit(
  { loader, target, attempt }: Probe,
  statements: readonly Statement[],
  which: string,
): Promise<StatementRef> {
  const { warehouse, settings } = loader;
  const batch: StatementBatch = {
    name: `${statementNameOf(settings.database, target, attempt)}/${which}`,
    clientToken: hashOf(`${clientTokenOf(attempt)}/${which}`),
    statements: statements.map((statement) => warehouse.dialect.render(statement)),
  };
  return warehouse.submit(batch);
}

async function endOf({ loader: { warehouse, now }, pause }: Probe, ref: StatementRef): Promise<Ended> {
  const giveUpAt = now() + MAX_WAIT_MS;
  while (now() < giveUpAt) {
    const status = await warehouse.describe(ref, { waitMs: LOOK_MS });
    if (status.state !== 'running') return status;
    await pause(PAUSE_MS);
  }
  await warehouse.cancel(ref);
  return { state: 'unknown' };
}

function firstLine(text: string): string {
  return text.split('\n', 1)[0]?.slice(0, 200) ?? '';
}
