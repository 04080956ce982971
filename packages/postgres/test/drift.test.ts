import { driftSuite } from '../../runtime/test/drift-suite.ts';
import { createTestDatabase } from './server/shared-server.ts';

driftSuite('PostgreSQL', { warehouse: async () => ({ kind: 'postgres', url: await createTestDatabase() }) });
