import type { MaintenanceWindow } from '../recover/windows/maintenance-window.ts';
import type { EpochMs } from './time.ts';

/** What the control plane says of a warehouse. Asking it wakes nothing and needs no database user. */
export type WarehouseState =
  | { readonly kind: 'available'; readonly windows: readonly MaintenanceWindow[] }
  | {
      readonly kind: 'unavailable';
      /** In the vendor's words: `cluster analytics is paused`. */
      readonly reason: string;
      /** When that is likely over; null when nobody says. */
      readonly until: EpochMs | null;
      readonly windows: readonly MaintenanceWindow[];
    };

/** What can be asked of a warehouse that no lane's load depends on. A warehouse may offer neither. */
export interface Availability {
  /**
   * What its control plane says; an answer may be up to a minute old. Undefined when it could not be asked, which is no
   * outage.
   */
  state?(): Promise<WarehouseState | undefined>;
  /**
   * A cheap statement of its own, where that wakes nothing (a serverless warehouse is woken, and paid for).
   *
   * @throws LoadError of class `unavailable` when the warehouse is away
   */
  probe?(): Promise<void>;
}
