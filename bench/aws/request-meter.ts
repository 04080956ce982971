import type { AwsClients } from './aws-emulators.ts';

export type Service = keyof AwsClients;

/** What was asked of one operation of a service. */
export interface Asked {
  readonly requests: number;
  /** DynamoDB's, of 1 KB. */
  readonly writeUnits: number;
  /** DynamoDB's, of 4 KB read consistently. */
  readonly readUnits: number;
}

const NOTHING: Asked = { requests: 0, writeUnits: 0, readUnits: 0 };
const WRITES = new Set(['PutItem', 'UpdateItem', 'DeleteItem', 'BatchWriteItem']);

/** The part of a client that is metered: any of the SDK's. */
interface Metered {
  readonly middlewareStack: { addRelativeTo?: unknown; add(middleware: never, options: never): void };
}

interface Consumed {
  readonly CapacityUnits?: number;
}

/**
 * Counts what clients of the SDK send, by service and operation. Requests are counted inside the SDK's retries, units are
 * those that DynamoDB says it has consumed; a write whose condition did not hold says nothing, and counts as one.
 */
export class RequestMeter {
  readonly #asked = new Map<string, Asked>();

  constructor(clients: AwsClients) {
    for (const [service, client] of Object.entries(clients)) this.#attach(service as Service, client);
  }

  /** Forgets what was counted so far. */
  reset(): void {
    this.#asked.clear();
  }

  /** By `service operation`, in the order of their names. */
  byOperation(): ReadonlyMap<string, Asked> {
    return new Map([...this.#asked].sort(([a], [b]) => (a < b ? -1 : 1)));
  }

  #attach(service: Service, client: Metered): void {
    const countRequest =
      (next: (args: unknown) => Promise<unknown>, { commandName }: { commandName: string }) =>
      (args: unknown): Promise<unknown> => {
        this.#add(service, commandName, { requests: 1 });
        return next(args);
      };
    client.middlewareStack.add(
      countRequest as never,
      { step: 'finalizeRequest', priority: 'low', name: 'countRequest' } as never,
    );
    if (service !== 'dynamodb') return;
    const countUnits =
      (
        next: (args: { input: object }) => Promise<{ output: { ConsumedCapacity?: Consumed | Consumed[] } }>,
        { commandName }: { commandName: string },
      ) =>
      async (args: { input: object }): Promise<unknown> => {
        try {
          const reply = await next({ ...args, input: { ...args.input, ReturnConsumedCapacity: 'TOTAL' } });
          const consumed = [reply.output.ConsumedCapacity ?? []].flat();
          const units = consumed.reduce((sum, { CapacityUnits = 0 }) => sum + CapacityUnits, 0);
          this.#add(
            service,
            commandName,
            isWrite(commandName) ? { writeUnits: units } : { readUnits: units },
          );
          return reply;
        } catch (error) {
          if (isWrite(commandName)) this.#add(service, commandName, { writeUnits: 1 });
          throw error;
        }
      };
    client.middlewareStack.add(
      countUnits as never,
      { step: 'initialize', priority: 'high', name: 'countUnits' } as never,
    );
  }

  #add(service: Service, commandName: string, more: Partial<Asked>): void {
    const key = `${service} ${operationOf(commandName)}`;
    const { requests, writeUnits, readUnits } = this.#asked.get(key) ?? NOTHING;
    this.#asked.set(key, {
      requests: requests + (more.requests ?? 0),
      writeUnits: writeUnits + (more.writeUnits ?? 0),
      readUnits: readUnits + (more.readUnits ?? 0),
    });
  }
}

function operationOf(commandName: string): string {
  return commandName.replace(/Command$/u, '');
}

function isWrite(commandName: string): boolean {
  return WRITES.has(operationOf(commandName));
}
