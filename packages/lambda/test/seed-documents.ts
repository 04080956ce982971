import { CLUSTER } from './stage.ts';

const ROLE = 'arn:aws:iam::123456789012:role/copy';

/** The document of a queue as its users know it, filled in. */
export function queueDocument({
  table,
  merges,
  copy = 'CSV',
  cluster = CLUSTER,
}: {
  table: string;
  merges: boolean;
  copy?: string;
  cluster?: string;
}): string {
  return `{
"copy": {
"options": "${copy}",
"role_arn": "${ROLE}",
"table_name": "${table}"
},
"cluster": {
"identifier": "${cluster}",
"db_name": "dev"
},
"options": {
"merge_duplicate_pks": ${merges},
"merge_pk": "id",
"merge_timestamp": "changed_at"
}
}`;
}

/** The bulk loader's input as its users know it, filled in; with the comma behind its last entry. */
export function bulkDocument({
  path,
  table,
  merges,
  cluster = CLUSTER,
}: {
  path: string;
  table: string;
  merges: boolean;
  cluster?: string;
}): string {
  return `{
"paths": [
{
"s3_path": "${path}",
"table": "${table}",
"options": {
"merge_duplicate_pks": ${merges},
"merge_pk": "id",
"merge_timestamp": "changed_at"
}
}
],
"copy": {
"role_arn": "${ROLE}"
},
"cluster": {
"identifier": "${cluster}",
"db_name": "dev"
},
}`;
}
