import { accessKeyOf } from '../functions/open-functions.ts';
import type { Storage } from '../template/make-storage.ts';
import type { Place } from '../template/physical-names.ts';
import type { ResolvedTemplate } from '../template/resolved-template.ts';
import { type AwsCall, operationOf, type Realm, type Service, wishesOf } from './aws-call.ts';
import { CallFront, type FrontOptions } from './call-front.ts';
import type { Rights } from './rights.ts';

interface Caller {
  readonly name: string;
  readonly role: string;
}

/** The services as the functions of a stack reach them: one front each, which holds every call against the caller's role. */
export class Fronts {
  readonly urls: Readonly<Record<Service, string>>;
  readonly #fronts: readonly CallFront[];
  readonly #queues = new Map<string, string>();
  /** The role that submitted a statement, by the statement's id. */
  readonly #owners = new Map<string, string>();
  #open: { rights: Rights; realm: Realm; callers: ReadonlyMap<string, Caller> } | undefined;

  private constructor(started: readonly (readonly [Service, CallFront])[]) {
    this.#fronts = started.map(([, front]) => front);
    this.urls = Object.fromEntries(started.map(([service, { url }]) => [service, url])) as Record<
      Service,
      string
    >;
  }

  /** They refuse every call until `open` has told them whose rights there are. */
  static async start(upstreams: Readonly<Record<Service, FrontOptions['upstream']>>): Promise<Fronts> {
    let fronts: Fronts | undefined;
    const starting = Object.entries(upstreams).map(async ([name, upstream]) => {
      const service = name as Service;
      const front = await CallFront.start({
        service,
        upstream,
        isAllowed: (key, call) => fronts?.isAllowed(key, call) ?? false,
        ...(service === 'redshift-data'
          ? {
              onAnswer: (key: string, call: AwsCall, answer: string) =>
                fronts?.noteStatement(key, { call, answer }),
            }
          : {}),
        ...(service === 'sqs' ? { rewrite: (body: string) => fronts?.withQueueOf(body) ?? body } : {}),
      });
      return [service, front] as const;
    });
    fronts = new Fronts(await Promise.all(starting));
    return fronts;
  }

  open({
    rights,
    template,
    storage,
    place,
  }: {
    rights: Rights;
    template: ResolvedTemplate;
    storage: Storage;
    place: Place;
  }): void {
    const callers = template.ofType('AWS::Lambda::Function').map(({ id, properties }): [string, Caller] => {
      const { ref, attributes } = template.physical(id);
      return [accessKeyOf(attributes.Arn ?? ''), { name: ref, role: String(properties.Role) }];
    });
    for (const [arn, url] of storage.queues) this.#queues.set(arn.slice(arn.lastIndexOf(':') + 1), url);
    const { region, account } = place;
    const realm: Realm = {
      region,
      account,
      keyOf: (arn) => storage.keys.get(arn),
      workgroupArn: (name) => {
        const own = template
          .ofType('AWS::RedshiftServerless::Workgroup')
          .map(({ id }) => template.physical(id))
          .find(({ ref }) => ref === name);
        const arn = own?.attributes['Workgroup.WorkgroupArn'];
        return arn ?? `arn:aws:redshift-serverless:${region}:${account}:workgroup/id-of-${name}`;
      },
    };
    this.#open = { rights, realm, callers: new Map(callers) };
  }

  /** Every right that a call takes is asked for, so that all that is missing is told at once. */
  isAllowed(accessKey: string, call: AwsCall): boolean {
    const caller = this.#open?.callers.get(accessKey);
    if (this.#open === undefined || caller === undefined) return false;
    const { rights, realm } = this.#open;
    if (!this.#isOwn(caller, call)) {
      const action = `redshift-data:${operationOf(call)} (of another role's statement)`;
      rights.denials.push({ who: caller.name, role: caller.role, action, resource: '*' });
      return false;
    }
    return wishesOf(call, realm)
      .map((wish) => rights.ask(caller.name, caller.role, wish))
      .every(Boolean);
  }

  /** The Data API shows a statement only to the role that submitted it. */
  #isOwn({ role }: Caller, call: AwsCall): boolean {
    if (call.service !== 'redshift-data') return true;
    const { Id } = JSON.parse(call.body) as { Id?: string };
    const owner = this.#owners.get(Id?.split(':')[0] ?? '');
    return owner === undefined || owner === role;
  }

  noteStatement(accessKey: string, { call, answer }: { call: AwsCall; answer: string }): void {
    const caller = this.#open?.callers.get(accessKey);
    if (caller === undefined || !operationOf(call).endsWith('ExecuteStatement')) return;
    const { Id } = JSON.parse(answer) as { Id?: string };
    if (Id !== undefined) this.#owners.set(Id, caller.role);
  }

  /** The emulator knows its queues by its own address. */
  withQueueOf(body: string): string {
    const input = JSON.parse(body) as Record<string, unknown>;
    const url = this.#queues.get(
      String(input.QueueUrl ?? '')
        .split('/')
        .at(-1) ?? '',
    );
    return url === undefined ? body : JSON.stringify({ ...input, QueueUrl: url });
  }

  async close(): Promise<void> {
    await Promise.all(this.#fronts.map((front) => front.close()));
  }
}
