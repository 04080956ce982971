/** What a Function URL, or an HTTP API of API Gateway, hands to a function (format 2.0), as far as it is used. */
export interface FunctionUrlEvent {
  readonly rawPath: string;
  /** Names in lower case; several of one name are joined by commas. */
  readonly headers: Readonly<Record<string, string>>;
  readonly requestContext: {
    readonly http: { readonly method: string };
    /** Who was let in by `AWS_IAM`, which has checked the signature. */
    readonly authorizer?: { readonly iam?: { readonly userArn?: string } };
  };
  readonly body?: string;
  readonly isBase64Encoded?: boolean;
}

export interface HttpAnswer {
  readonly statusCode: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

export function isFunctionUrlEvent(event: unknown): event is FunctionUrlEvent {
  const { rawPath, headers, requestContext } = (event ?? {}) as Partial<FunctionUrlEvent>;
  return typeof rawPath === 'string' && typeof headers === 'object' && requestContext?.http !== undefined;
}

export function bodyOf({ body = '', isBase64Encoded = false }: FunctionUrlEvent): Buffer {
  return Buffer.from(body, isBase64Encoded ? 'base64' : 'utf8');
}
