import type { EpochMs } from '@millrace/core';
import type { MaintenanceWindow } from './maintenance-window.ts';

/** What the control plane says of a warehouse. Asking it wakes nothing and needs no database user. */
export type WarehouseState =
  | { readonly kind: 'available'; readonly windows: readonly MaintenanceWindow[] }
  | {
      readonly kind: 'unavailable';
      /** In AWS's words: `cluster analytics is paused`. */
      readonly reason: string;
      /** When that is likely over; null when nobody says. */
      readonly until: EpochMs | null;
      readonly windows: readonly MaintenanceWindow[];
    };
