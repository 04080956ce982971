import { trackerContract } from '../contract/tracker-contract.ts';
import { MemoryTracker } from './memory-tracker.ts';

trackerContract('MemoryTracker', async () => ({ port: new MemoryTracker() }));
