import type { Availability, Warehouse } from '@millrace/core';
import type { RedshiftLocal } from '@millrace/redshift-local';
import type { Adapters } from './adapters.ts';

/** A warehouse, and what goes with it. */
export interface OpenWarehouse extends Pick<Adapters, 'follow'> {
  readonly warehouse: Warehouse;
  readonly availability: Availability;
  /** First part of statement names. */
  readonly database: string;
  /** The role that COPY reads objects with. */
  readonly iamRole: string;
  readonly leaseMs: number;
  /** The engine in this process, when it is the warehouse. */
  readonly engine?: RedshiftLocal;
}
