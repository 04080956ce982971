import type { Properties, Resource, Template, Value } from './cloud-assembly.ts';
import { type Physical, type Place, physicalOf } from './physical-names.ts';

export interface ResolveOptions {
  readonly place: Place;
  /** Values of the template's parameters, beside their defaults. */
  readonly parameters?: Readonly<Record<string, string>>;
}

/** Where templates say the name of a resource. */
const NAME_PROPERTIES = [
  'BucketName',
  'QueueName',
  'TableName',
  'FunctionName',
  'RoleName',
  'LogGroupName',
  'StateMachineName',
  'WorkgroupName',
  'ClusterIdentifier',
  'TopicName',
  'DeliveryStreamName',
  'Name',
];
/** Types whose `FunctionName` or `QueueName` is another resource's. */
const HAS_NO_NAME = new Set([
  'AWS::Lambda::EventSourceMapping',
  'AWS::Lambda::Permission',
  'AWS::Lambda::EventInvokeConfig',
  'AWS::Lambda::Url',
]);

/**
 * A template with its references filled in: `Ref`, `Fn::GetAtt`, `Fn::Sub`, `Fn::Join`, `Fn::Select`, `Fn::Split`, `Fn::If`,
 * `Fn::FindInMap`, and conditions. Names are given where the template gives none.
 *
 * @throws Error for a reference to what is not there, and for functions that are not known here.
 */
export class ResolvedTemplate {
  readonly #template: Template;
  readonly #options: ResolveOptions;
  readonly #physical = new Map<string, Physical>();

  constructor(template: Template, options: ResolveOptions) {
    this.#template = template;
    this.#options = options;
  }

  /** The resources of a type whose condition holds, with their properties filled in. */
  ofType(
    ...types: readonly string[]
  ): { readonly id: string; readonly type: string; readonly properties: Properties }[] {
    return this.#present()
      .filter(([, { Type }]) => types.includes(Type))
      .map(([id, { Type, Properties: own = {} }]) => ({
        id,
        type: Type,
        properties: this.resolve(own) as Properties,
      }));
  }

  /** All types of resources. */
  types(): ReadonlySet<string> {
    return new Set(this.#present().map(([, { Type }]) => Type));
  }

  physical(logicalId: string): Physical {
    const known = this.#physical.get(logicalId);
    if (known !== undefined) return known;
    const resource = this.#template.Resources[logicalId];
    if (resource === undefined)
      throw new Error(`the template refers to '${logicalId}', which it does not have`);
    const made = physicalOf(logicalId, resource, {
      place: this.#options.place,
      name: this.#givenName(resource),
    });
    this.#physical.set(logicalId, made);
    return made;
  }

  resolve(value: Value): Value {
    if (Array.isArray(value)) {
      return value.map((one: Value) => this.resolve(one)).filter((one) => one !== NOTHING);
    }
    if (typeof value !== 'object' || value === null) return value;
    const entries = Object.entries(value as Properties);
    const [first] = entries;
    if (entries.length === 1 && first !== undefined && (first[0] === 'Ref' || first[0].startsWith('Fn::'))) {
      return this.#call(first[0], first[1]);
    }
    const resolved = entries.map(([name, one]): [string, Value] => [name, this.resolve(one)]);
    return Object.fromEntries(resolved.filter(([, one]) => one !== NOTHING));
  }

  #present(): [string, Resource][] {
    return Object.entries(this.#template.Resources).filter(
      ([, { Condition }]) =>
        Condition === undefined || this.#holds(this.#template.Conditions?.[Condition] ?? false),
    );
  }

  #givenName({ Type, Properties: own = {} }: Resource): string | undefined {
    if (HAS_NO_NAME.has(Type)) return undefined;
    for (const property of NAME_PROPERTIES) {
      const said = own[property];
      if (said === undefined) continue;
      const name = this.resolve(said);
      if (typeof name === 'string' && name !== NOTHING) return name;
    }
    return undefined;
  }

  #ref(name: string): Value {
    const { region, account, stackName } = this.#options.place;
    const pseudo: Readonly<Record<string, Value>> = {
      'AWS::Region': region,
      'AWS::AccountId': account,
      'AWS::Partition': 'aws',
      'AWS::StackName': stackName,
      'AWS::StackId': `arn:aws:cloudformation:${region}:${account}:stack/${stackName}/stage`,
      'AWS::URLSuffix': 'amazonaws.com',
      'AWS::NoValue': NOTHING,
    };
    if (pseudo[name] !== undefined) return pseudo[name];
    const parameter = this.#template.Parameters?.[name];
    if (parameter === undefined) return this.physical(name).ref;
    const value = this.#options.parameters?.[name] ?? parameter.Default;
    if (value === undefined) throw new Error(`the parameter '${name}' of the template has no value`);
    return value;
  }

  #attribute(id: string, name: string): string {
    const { attributes } = this.physical(id);
    const value = attributes[name];
    if (value !== undefined) return value;
    // Of what is not executed only the name matters.
    return `${id}.${name}`;
  }

  #call(name: string, argument: Value): Value {
    const list = (): readonly Value[] =>
      Array.isArray(argument) ? (argument as readonly Value[]) : [argument];
    switch (name) {
      case 'Ref':
        return this.#ref(String(argument));
      case 'Fn::GetAtt': {
        const [id, ...path] = Array.isArray(argument) ? list().map(String) : String(argument).split('.');
        return this.#attribute(id ?? '', path.join('.'));
      }
      case 'Fn::Join': {
        const [separator, parts] = list();
        return (this.resolve(parts ?? []) as readonly Value[]).map(String).join(String(separator));
      }
      case 'Fn::Select': {
        const [at, from] = list();
        return (this.resolve(from ?? []) as readonly Value[])[Number(at)] ?? '';
      }
      case 'Fn::Split': {
        const [separator, text] = list();
        return String(this.resolve(text ?? '')).split(String(separator));
      }
      case 'Fn::Sub': {
        const [text, variables = {}] = list();
        const given = this.resolve(variables) as Properties;
        return String(text).replaceAll(/\$\{(!?)([^}]+)\}/gu, (whole, mark: string, key: string) => {
          if (mark !== '') return whole.replace('!', '');
          const [id = '', ...path] = key.split('.');
          return String(
            given[key] ?? (path.length === 0 ? this.#ref(key) : this.#attribute(id, path.join('.'))),
          );
        });
      }
      case 'Fn::If': {
        const [condition, yes, no] = list();
        const holds = this.#holds(this.#template.Conditions?.[String(condition)] ?? false);
        return this.resolve((holds ? yes : no) ?? NOTHING);
      }
      case 'Fn::FindInMap': {
        const [map, top, second] = list().map((one) => String(this.resolve(one)));
        const found = (this.#template.Mappings?.[map ?? ''] as Properties | undefined)?.[top ?? ''] as
          | Properties
          | undefined;
        return found?.[second ?? ''] ?? '';
      }
      case 'Fn::GetAZs':
        return ['a', 'b', 'c'].map((zone) => `${this.#options.place.region}${zone}`);
      default:
        return this.#holds({ [name]: argument });
    }
  }

  #holds(condition: Value): boolean {
    if (typeof condition === 'boolean') return condition;
    const [[name, argument] = ['', null]] = Object.entries((condition ?? {}) as Properties);
    const list = (argument ?? []) as readonly Value[];
    switch (name) {
      case 'Fn::Equals':
        return (
          JSON.stringify(this.resolve(list[0] ?? null)) === JSON.stringify(this.resolve(list[1] ?? null))
        );
      case 'Fn::Not':
        return !this.#holds(list[0] ?? false);
      case 'Fn::And':
        return list.every((one) => this.#holds(one));
      case 'Fn::Or':
        return list.some((one) => this.#holds(one));
      case 'Condition':
        return this.#holds(this.#template.Conditions?.[String(argument)] ?? false);
      default:
        throw new Error(`the template uses '${name}', which the stage does not know`);
    }
  }
}

/** Stands for a value that is left out. */
const NOTHING = '\u0000AWS::NoValue';
