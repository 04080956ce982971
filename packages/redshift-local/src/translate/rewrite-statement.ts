import { RedshiftError } from '../redshift-error.ts';
import { identifierList } from './names.ts';
import { type Rewriter, refused, startsQuery } from './piece.ts';
import { readTable } from './rewrite-tables.ts';
import { isGroup, isWord, type SqlNode, syntaxError, wordOf } from './token-tree.ts';

/**
 * Rewrites one statement: a query, INSERT, UPDATE, DELETE or MERGE.
 *
 * @throws RedshiftError a syntax error for anything else.
 */
export function rewriteStatement(nodes: readonly SqlNode[], rewriter: Rewriter): string {
  const first = nodes[0];
  if (first === undefined) throw new RedshiftError('syntax error at end of input', { sqlState: '42601' });
  if (startsQuery(nodes)) return rewriter.query(nodes);
  switch (wordOf(first)) {
    case 'insert':
      return rewriteInsert(nodes, rewriter);
    case 'update':
      return rewriteUpdate(nodes, rewriter);
    case 'delete':
      return rewriteDelete(nodes, rewriter);
    case 'merge':
      return rewriteMerge(nodes, rewriter);
    default:
      throw first.kind === 'leaf' ? syntaxError(first.token.text, first.token.start) : syntaxError('(', 0);
  }
}

/** `INSERT INTO t [(columns)] query | VALUES … | DEFAULT VALUES`; ON CONFLICT and RETURNING are not Redshift's. */
function rewriteInsert(nodes: readonly SqlNode[], rewriter: Rewriter): string {
  const table = readInsertTarget(nodes, rewriter);
  let at = table.next;
  let columns = '';
  const group = nodes[at];
  if (isGroup(group, '(') && !startsQuery(group.children)) {
    columns = ` (${identifierList(group.children)})`;
    at += 1;
  }
  const rest = nodes.slice(at);
  refuseWord(rest, 'returning');
  if (rest.some((node, index) => isWord(node, 'conflict') && isWord(rest[index - 1], 'on'))) {
    throw new RedshiftError('syntax error at or near "ON"', { sqlState: '42601' });
  }
  if (isWord(rest[0], 'default')) return `insert into ${table.text}${columns} default values`;
  return `insert into ${table.text}${columns} ${rewriter.query(rest)}`;
}

/** Without aliases: `insert into t select …` must not take `select` for one. */
function readInsertTarget(nodes: readonly SqlNode[], rewriter: Rewriter): { text: string; next: number } {
  if (!isWord(nodes[1], 'into')) throw expected('into', nodes[1]);
  const end = nodes.findIndex(
    (node, index) =>
      index > 1 && (node.kind === 'group' || isWord(node, 'select', 'with', 'values', 'default')),
  );
  if (end < 0) throw new RedshiftError('syntax error at end of input', { sqlState: '42601' });
  const table = readTable(nodes.slice(0, end), 2, rewriter);
  if (table.next !== end) throw expected('values', nodes[table.next]);
  return table;
}

/** `UPDATE t [[AS] alias] SET … [FROM …] [WHERE …]` */
function rewriteUpdate(nodes: readonly SqlNode[], rewriter: Rewriter): string {
  refuseWord(nodes, 'returning');
  const table = readTable(nodes, 1, rewriter);
  if (!isWord(nodes[table.next], 'set')) throw expected('set', nodes[table.next]);
  const from = findWord(nodes, table.next, 'from');
  const where = findWord(nodes, from ?? table.next, 'where');
  const set = rewriter.expression(nodes.slice(table.next + 1, from ?? where ?? nodes.length));
  const tables =
    from === undefined ? '' : ` from ${rewriter.tables(nodes.slice(from + 1, where ?? nodes.length))}`;
  const condition = where === undefined ? '' : ` where ${rewriter.expression(nodes.slice(where + 1))}`;
  return `update ${table.text} set ${set}${tables}${condition}`;
}

/** `DELETE [FROM] t [[AS] alias] [USING …] [WHERE …]` */
function rewriteDelete(nodes: readonly SqlNode[], rewriter: Rewriter): string {
  refuseWord(nodes, 'returning');
  const start = isWord(nodes[1], 'from') ? 2 : 1;
  const where = findWord(nodes, start, 'where');
  const using = findWord(nodes.slice(0, where ?? nodes.length), start, 'using');
  const table = readTable(nodes.slice(0, using ?? where ?? nodes.length), start, rewriter);
  const tables =
    using === undefined ? '' : ` using ${rewriter.tables(nodes.slice(using + 1, where ?? nodes.length))}`;
  const condition = where === undefined ? '' : ` where ${rewriter.expression(nodes.slice(where + 1))}`;
  return `delete from ${table.text}${tables}${condition}`;
}

/** MERGE with its two branches; what Redshift does not allow is refused before the text gets here. */
function rewriteMerge(nodes: readonly SqlNode[], rewriter: Rewriter): string {
  const into = isWord(nodes[1], 'into') ? 2 : 1;
  const using = findWord(nodes, into, 'using');
  const on = findWord(nodes, using ?? into, 'on');
  if (using === undefined || on === undefined) throw refused('MERGE without USING and ON');
  const target = readTable(nodes.slice(0, using), into, rewriter);
  const source = rewriter.tables(nodes.slice(using + 1, on));
  return `merge into ${target.text} using ${source} on ${rewriter.expression(nodes.slice(on + 1))}`;
}

function findWord(nodes: readonly SqlNode[], from: number, word: string): number | undefined {
  const index = nodes.findIndex((node, at) => at >= from && isWord(node, word));
  return index < 0 ? undefined : index;
}

function refuseWord(nodes: readonly SqlNode[], word: string): void {
  const node = nodes.find((candidate) => isWord(candidate, word));
  if (node?.kind === 'leaf') throw syntaxError(node.token.text, node.token.start);
}

function expected(word: string, node: SqlNode | undefined): RedshiftError {
  if (node?.kind === 'leaf') return syntaxError(node.token.text, node.token.start);
  return new RedshiftError(`syntax error: "${word}" is missing`, { sqlState: '42601' });
}
