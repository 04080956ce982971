/**
 * The environment of a new project that is to run on AWS: names to be replaced. Without `--env aws` the project runs on this
 * machine, so that it can be tried before anything is created.
 */
export const AWS_ENVIRONMENT = {
  aws: {
    warehouse: { kind: 'redshift', workgroup: 'analytics', database: 'dev', iamRole: 'default' },
    objects: { kind: 's3' },
    tracker: { kind: 'dynamodb', table: 'millrace' },
    control: 's3://lake/millrace/',
  },
} as const;

/** The same for a millrace.config.ts, in the indentation of its fields. */
export function awsModuleLines(): readonly string[] {
  return [
    "  warehouse: { kind: 'local' },",
    '  environments: {',
    '    // `millrace doctor --env aws` says what is missing. Replace workgroup, table and buckets by yours.',
    '    aws: {',
    "      warehouse: { kind: 'redshift', workgroup: 'analytics', database: 'dev', iamRole: 'default' },",
    "      objects: { kind: 's3' },",
    "      tracker: { kind: 'dynamodb', table: 'millrace' },",
    "      control: 's3://lake/millrace/',",
    '    },',
    '  },',
  ];
}
