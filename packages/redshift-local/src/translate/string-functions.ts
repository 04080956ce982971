import { quoteText } from '../catalog/quote.ts';
import { type FunctionCall, type FunctionRule, undefinedFunction } from './function-call.ts';
import { sameFunctions, template } from './function-rule.ts';
import { isWord, splitList, stringOf } from './token-tree.ts';

export const STRING_FUNCTIONS: readonly [string, FunctionRule][] = [
  ...sameFunctions('lower upper reverse repeat replace translate ascii chr left right strpos md5 split_part'),
  ...['len', 'length', 'char_length', 'character_length', 'textlen'].map((name): [string, FunctionRule] => [
    name,
    template('length($1)'),
  ]),
  ['octet_length', template('strlen($1)')],
  ['concat', template('($1 || $2)')],
  ['btrim', template('trim($1)', 'trim($1, $2)')],
  ['ltrim', template('ltrim($1)', 'ltrim($1, $2)')],
  ['rtrim', template('rtrim($1)', 'rtrim($1, $2)')],
  ['trim', trim],
  ['lpad', template("lpad($1, $2, ' ')", 'lpad($1, $2, $3)')],
  ['rpad', template("rpad($1, $2, ' ')", 'rpad($1, $2, $3)')],
  ['replicate', template('repeat($1, $2)')],
  ['charindex', template('strpos($2, $1)')],
  ['position', position],
  ['substring', substring],
  ['substr', substring],
  ['initcap', template('rs_system.initcap($1)')],
  ['quote_ident', template("('\"' || replace($1, '\"', '\"\"') || '\"')")],
  ['quote_literal', template("('''' || replace($1, '''', '''''') || '''')")],
  ['sha', template('sha1($1)')],
  ['sha1', template('sha1($1)')],
  ['func_sha1', template('sha1($1)')],
  ['sha2', sha2],
  ['regexp_substr', regexp('regexp_substr', ['1', '1', "''"])],
  ['regexp_count', regexp('regexp_count', ['1', "''"])],
  ['regexp_instr', regexp('regexp_instr', ['1', '1', '0', "''"])],
  ['regexp_replace', regexpReplace],
];

/** TRIM([BOTH | LEADING | TRAILING] ['chars' FROM] text). */
function trim(call: FunctionCall): { text: string } {
  const from = call.nodes.findIndex((node) => isWord(node, 'from'));
  if (from < 0 && call.args.length <= 2 && !isWord(call.nodes[0], 'both', 'leading', 'trailing')) {
    return { text: `trim(${call.args.join(', ')})` };
  }
  const side = isWord(call.nodes[0], 'leading')
    ? 'ltrim'
    : isWord(call.nodes[0], 'trailing')
      ? 'rtrim'
      : 'trim';
  const start = isWord(call.nodes[0], 'both', 'leading', 'trailing') ? 1 : 0;
  const characters = call.nodes.slice(start, Math.max(from, start));
  const text = call.rewrite(call.nodes.slice(Math.max(from, start - 1) + 1));
  return {
    text: characters.length ? `${side}(${text}, ${call.rewrite(characters)})` : `${side}(${text})`,
  };
}

/** POSITION(part IN text). */
function position(call: FunctionCall): { text: string } {
  const at = call.nodes.findIndex((node) => isWord(node, 'in'));
  if (at < 0) throw undefinedFunction('position', call.args.length);
  const part = call.rewrite(call.nodes.slice(0, at));
  return { text: `strpos(${call.rewrite(call.nodes.slice(at + 1))}, ${part})` };
}

/** SUBSTRING(text, start [, length]) and SUBSTRING(text FROM start [FOR length]). */
function substring(call: FunctionCall): { text: string } {
  const from = call.nodes.findIndex((node) => isWord(node, 'from'));
  const to = call.nodes.findIndex((node) => isWord(node, 'for'));
  const args =
    from < 0
      ? call.args
      : [
          call.rewrite(call.nodes.slice(0, from)),
          call.rewrite(call.nodes.slice(from + 1, to < 0 ? undefined : to)),
          ...(to < 0 ? [] : [call.rewrite(call.nodes.slice(to + 1))]),
        ];
  if (args.length < 2 || args.length > 3) throw undefinedFunction(call.name, args.length);
  // A start below 1 counts from before the text in Redshift, from its end in DuckDB.
  const isPlain = /^[1-9]\d*$/u.test(args[1] ?? '');
  return { text: `${isPlain ? 'substring' : 'rs_system.substring'}(${args.join(', ')})` };
}

function sha2(call: FunctionCall): { text: string } {
  const [value, bits] = call.args;
  if (value === undefined || (bits !== '256' && bits !== '0'))
    throw undefinedFunction('sha2', call.args.length);
  return { text: `sha256(${value})` };
}

/** REGEXP_x(text, pattern [, position …]) with the missing arguments filled in. */
function regexp(macro: string, defaults: readonly string[]): FunctionRule {
  return (call) => {
    const given = call.args.length - 2;
    if (given < 0 || given > defaults.length) throw undefinedFunction(call.name, call.args.length);
    return { text: `rs_system.${macro}(${[...call.args, ...defaults.slice(given)].join(', ')})` };
  };
}

/** REGEXP_REPLACE replaces every match; `$1` in the replacement is a group. */
function regexpReplace(call: FunctionCall): { text: string } {
  const [text, pattern, replacement = "''", start = '1', flags = "''"] = call.args;
  if (text === undefined || pattern === undefined || call.args.length > 5) {
    throw undefinedFunction(call.name, call.args.length);
  }
  const literal = stringOf(splitList(call.nodes)[2]?.[0]);
  const by =
    literal === undefined
      ? `regexp_replace(replace(${replacement}, '\\', '\\\\'), '\\$(\\d)', '\\\\\\1', 'g')`
      : quoteText(literal.replaceAll('\\', '\\\\').replaceAll(/\$(\d)/gu, '\\$1'));
  return { text: `rs_system.regexp_replace_from(${text}, ${pattern}, ${by}, ${start}, ${flags})` };
}
