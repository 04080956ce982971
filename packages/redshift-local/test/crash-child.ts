import { RedshiftLocal } from '../src/index.ts';
import { noObjects } from './no-objects.ts';

/** Opens the file of its first argument, commits batches without end and tells of each; to be killed in the middle. */
const path = process.argv[2];
if (path === undefined) throw new Error('usage: crash-child.ts FILE');
const engine = await RedshiftLocal.open({ path, objects: noObjects });
for (let batch = Number(process.argv[3] ?? 0); ; batch += 1) {
  await engine.runBatch([
    `create table made_${batch} (id int identity(1, 1), v varchar(3) not null)`,
    'lock counts',
    `insert into counts select ${batch} from made_0 where false union all select ${batch}`,
    `insert into rows_of (batch, n) select ${batch}, n from numbers`,
    'delete from numbers where n < 0',
    `insert into made_${batch} (v) values ('abc')`,
  ]);
  process.stdout.write(`${batch}\n`);
}
