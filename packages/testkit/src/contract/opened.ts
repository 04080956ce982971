/** An adapter that a contract suite opened for one case, and how to be done with it. */
export interface Opened<Port> {
  readonly port: Port;
  /** Ends what the adapter holds: a leaked handle fails the case that leaked it. */
  close?(): Promise<void>;
}

/** Makes a case out of a body: opens an adapter for it, and closes it however the body ends. */
export type WithPort<Port> = (body: (port: Port) => Promise<void>) => () => Promise<void>;
