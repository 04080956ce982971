import type { ResolvedTemplate } from '../template/resolved-template.ts';
import type { StagedFunction } from './staged-function.ts';

export interface UrlRequest {
  readonly path: string;
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  /** Who has signed the request; needed by URLs that ask for it. */
  readonly userArn?: string;
}

export interface UrlAnswer {
  readonly statusCode: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

/** The URL of the template's function that has one. */
export class FunctionUrl {
  readonly #template: ResolvedTemplate;
  readonly #functions: ReadonlyMap<string, StagedFunction>;

  constructor(template: ResolvedTemplate, functions: ReadonlyMap<string, StagedFunction>) {
    this.#template = template;
    this.#functions = functions;
  }

  /** @throws Error when the template has none, or nobody is let in by it. */
  async request({ path, method = 'POST', headers = {}, body, userArn }: UrlRequest): Promise<UrlAnswer> {
    const [url] = this.#template.ofType('AWS::Lambda::Url');
    if (url === undefined) throw new Error('the template has no function with a URL');
    const { TargetFunctionArn, AuthType } = url.properties;
    const called = [...this.#functions].find(
      ([arn, { options }]) => arn === TargetFunctionArn || options.name === TargetFunctionArn,
    )?.[1];
    if (called === undefined) throw new Error(`the stage knows no function '${String(TargetFunctionArn)}'`);
    if (AuthType === 'AWS_IAM' && userArn === undefined)
      return { statusCode: 403, body: '{"Message":"Forbidden"}' };
    if (AuthType === 'NONE' && !this.#isOpen(called))
      return { statusCode: 403, body: '{"Message":"Forbidden"}' };
    const authorizer = userArn === undefined ? {} : { authorizer: { iam: { userArn } } };
    const answer = await called.invokeInTurn({
      version: '2.0',
      rawPath: path,
      rawQueryString: '',
      headers: { 'content-type': 'application/json', ...headers },
      requestContext: { http: { method, path, sourceIp: '127.0.0.1' }, ...authorizer },
      ...(body === undefined ? {} : { body }),
      isBase64Encoded: false,
    });
    return answer as UrlAnswer;
  }

  /** Whether a permission lets everybody call it. */
  #isOpen({ options }: StagedFunction): boolean {
    return this.#template.ofType('AWS::Lambda::Permission').some(({ properties }) => {
      const { Action, Principal, FunctionName } = properties;
      const isIts = FunctionName === options.arn || FunctionName === options.name;
      return isIts && Action === 'lambda:InvokeFunctionUrl' && Principal === '*';
    });
  }
}
