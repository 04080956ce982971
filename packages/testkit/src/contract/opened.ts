/** An adapter that a contract suite opened for one case, and how to be done with it. */
export interface Opened<Port> {
  readonly port: Port;
  /** Ends what the adapter holds: a leaked handle fails the case that leaked it. */
  close?(): Promise<void>;
}
