/** A right that the tests of the stage do not use, and why the function has it all the same. */
export interface Reason {
  /** Part of the name of the role. */
  readonly role: string;
  readonly action: string;
  readonly why: string;
}

const UPLOAD = 'parts of a large upload that breaks off';
const TAGS = 'only when a file that is moved has tags';
const LOST = 'only when the reply to a submission was lost';
const FAILED = 'only when an invocation that nobody waits for fails';
const NEVER_CALLED =
  'the function that writes this log is called by hand or by a schedule that the example does not have';

export const UNUSED: readonly Reason[] = [
  { role: 'LoaderRole', action: 'dynamodb:BatchGetItem', why: 'only when files that are known come again' },
  { role: 'LoaderRole', action: 's3:AbortMultipartUpload', why: UPLOAD },
  { role: 'LoaderRole', action: 's3:GetObjectTagging', why: TAGS },
  { role: 'LoaderRole', action: 's3:PutObjectTagging', why: TAGS },
  { role: 'LoaderRole', action: 's3:DeleteObject', why: 'pins and sealed chunks that have had their time' },
  {
    role: 'LoaderRole',
    action: 'redshift-data:CancelStatement',
    why: 'only when a statement has to be abandoned',
  },
  { role: 'LoaderRole', action: 'redshift-data:ListStatements', why: LOST },
  { role: 'LoaderRole', action: 'sqs:SendMessage', why: FAILED },
  { role: 'LoaderRole', action: 's3:GetObject', why: 'Firehose delivers nothing on the stage' },
  { role: 'LoaderRole', action: 'logs:CreateLogStream', why: NEVER_CALLED },
  { role: 'LoaderRole', action: 'logs:PutLogEvents', why: NEVER_CALLED },
  {
    role: 'LoaderRole',
    action: 'kinesis:DescribeStream',
    why: 'Lambda asks it of some streams; the stage asks for the summary',
  },
  { role: 'ProducerRole', action: 'sqs:SendMessage', why: FAILED },
  { role: 'TaskerRole', action: 'redshift-data:ListStatements', why: LOST },
  {
    role: 'TaskerRole',
    action: 'states:SendTaskHeartbeat',
    why: 'only when a statement runs for longer than a minute, or is called for twice',
  },
  { role: 'TaskerRole', action: 'sqs:SendMessage', why: FAILED },
  { role: 'TaskerRole', action: 'kms:GenerateDataKey', why: FAILED },
];
