import { loadProjectsInto } from '../../runtime/test/test-project.ts';
import { createTestDatabase } from './server/shared-server.ts';

/** What the pipeline promises on redshift-local holds on PostgreSQL: the same tests. The rest of them is in `pipeline.deep.ts`. */

loadProjectsInto(async () => ({ kind: 'postgres', url: await createTestDatabase() }));
await import('../../runtime/test/partitions.test.ts');
await import('../../runtime/test/groups.test.ts');
await import('../../runtime/test/rewrite.test.ts');
