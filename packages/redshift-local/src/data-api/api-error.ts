/**
 * An answer that is an error. `code` is the name of the Data API's exception, which SDKs turn into their class of that
 * name; `members` are what its shape has beside the message.
 */
export class ApiError extends Error {
  readonly code: string;
  readonly status: number;
  readonly members: Readonly<Record<string, string>>;

  constructor(
    code: string,
    message: string,
    { status = 400, members = {} }: { status?: number; members?: Readonly<Record<string, string>> } = {},
  ) {
    super(message);
    this.name = code;
    this.code = code;
    this.status = status;
    this.members = members;
  }
}

export function invalid(message: string): ApiError {
  return new ApiError('ValidationException', message);
}

/** `id` goes into the shape's `ResourceId`. */
export function notFound(message: string, id: string): ApiError {
  return new ApiError('ResourceNotFoundException', message, { members: { ResourceId: id } });
}
