import { loadProjectsInto } from '../../runtime/test/test-project.ts';
import { createTestDatabase } from './server/shared-server.ts';

/** The tests of the pipeline that are about no other warehouse. */

loadProjectsInto(async () => ({ kind: 'postgres', url: await createTestDatabase() }));
await import('../../runtime/test/partitions.property.test.ts');
await import('../../runtime/test/replace.test.ts');
await import('../../runtime/test/replace.property.test.ts');
await import('../../runtime/test/retry.test.ts');
await import('../../runtime/test/retention.test.ts');
await import('../../runtime/test/bad-batch.test.ts');
await import('../../runtime/test/done-action.test.ts');
await import('../../runtime/test/once.test.ts');
await import('../../runtime/test/lifecycle.test.ts');
await import('../../runtime/test/bulk.test.ts');
await import('../../runtime/test/backfill.test.ts');
await import('../../runtime/test/budget.test.ts');
