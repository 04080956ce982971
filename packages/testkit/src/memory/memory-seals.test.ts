import { sealsContract } from '../contract/seals-contract.ts';
import { MemorySeals } from './memory-seals.ts';

sealsContract('MemorySeals', async () => ({ port: new MemorySeals() }));
