import { LoadError, type ObjectRef, urlOf } from '@millrace/core';
import { type FaultRule, faultOf, toAwsError } from '../client/aws-fault.ts';

const BUCKET_MISSING = {
  code: 'bucket-missing',
  class: 'config',
  hint: "create the bucket, or correct its name in the configuration's addresses",
} as const;

/** The only place that knows how S3 names its errors. What all AWS services share comes after. */
const S3_RULES: readonly FaultRule[] = [
  { names: ['NoSuchKey', 'NoSuchVersion', 'NotFound'], code: 'object-gone', class: 'gone' },
  { names: ['PreconditionFailed'], statuses: [412], code: 'object-changed', class: 'gone' },
  { names: ['NoSuchBucket'], ...BUCKET_MISSING },
  {
    names: ['PermanentRedirect', 'AuthorizationHeaderMalformed', 'IllegalLocationConstraintException'],
    statuses: [301],
    code: 'bucket-elsewhere',
    class: 'config',
    hint: 'the bucket is in another region: start the S3 client with that region',
  },
  {
    names: ['AccessDenied', 'AllAccessDisabled', 'Forbidden'],
    statuses: [403],
    code: 'store-denied',
    class: 'config',
    hint: 'allow the action on the bucket; without s3:ListBucket S3 says 403 of objects that are not there',
  },
  {
    names: ['InvalidObjectState'],
    code: 'object-archived',
    class: 'config',
    hint: 'restore the object from its archive class, then redrive it',
  },
  {
    names: ['ConditionalRequestConflict', 'OperationAborted'],
    statuses: [409],
    code: 'object-contended',
    class: 'transient',
  },
  {
    names: ['InvalidTag', 'BadRequest'],
    code: 'object-tags',
    class: 'config',
    hint: 'an object has at most 10 tags, and S3 takes letters, digits, blanks and + - = . _ : / @ in them',
  },
  {
    names: ['InternalError', 'ServiceUnavailable', 'SlowDown'],
    code: 'store-unavailable',
    class: 'transient',
  },
  {
    statuses: [400],
    code: 'store-refused',
    class: 'config',
    hint: 'where S3 does not say why, it is mostly credentials that have expired, or the wrong region',
  },
];

/** @param verb what was tried, as in "S3 could not <verb> s3://…" */
export function toStoreError(cause: unknown, verb: string, at: ObjectRef): LoadError {
  return toAwsError(cause, { service: 'S3', what: `${verb} ${urlOf(at)}`, rules: S3_RULES });
}

/** What a HEAD means whose 404 was the bucket's. */
export function missingBucket(bucket: string, cause: unknown): LoadError {
  const { code, ...options } = BUCKET_MISSING;
  return new LoadError(code, `there is no bucket '${bucket}'`, { ...options, cause });
}

/** S3 says that the object is not there. A HEAD has no body and says only `NotFound`. */
export function isGone(cause: unknown): boolean {
  return ['NoSuchKey', 'NoSuchVersion', 'NotFound'].includes(faultOf(cause).name);
}

/** S3 says that the condition of a request did not hold. */
export function isPreconditionFailure(cause: unknown): boolean {
  const { name, status } = faultOf(cause);
  return name === 'PreconditionFailed' || status === 412;
}

/** Two conditional requests for one key met: neither was decided, and another try will be. */
export function isConflict(cause: unknown): boolean {
  return faultOf(cause).name === 'ConditionalRequestConflict';
}

/** S3 refuses to copy objects above 5 GB in one request. */
export function isTooLargeToCopy(cause: unknown): boolean {
  const { name, message } = faultOf(cause);
  return name === 'EntityTooLarge' || (name === 'InvalidRequest' && /copy source/iu.test(message));
}
