import { quoteText } from '../catalog/quote.ts';
import { type FunctionCall, type FunctionRule, undefinedFunction } from './function-call.ts';
import { sameFunctions, template } from './function-rule.ts';
import { isWord, stringOf } from './token-tree.ts';

/** Functions on JSON text and on SUPER values (which are JSON in DuckDB). */
export const JSON_FUNCTIONS: readonly [string, FunctionRule][] = [
  ['json_parse', template('rs_system.json_parse($1)')],
  ['json_serialize', template('cast($1 as varchar)')],
  ['can_json_parse', template('json_valid($1)')],
  ['is_valid_json', template('rs_system.is_valid_json($1)')],
  ['is_valid_json_array', template('rs_system.is_valid_json_array($1)')],
  ['json_array_length', template('rs_system.array_length_of($1)', 'rs_system.array_length_or_null($1, $2)')],
  ['get_array_length', template('rs_system.super_array_length($1)')],
  ['json_typeof', template('rs_system.json_typeof($1)')],
  [
    'json_extract_array_element_text',
    template('rs_system.array_element($1, $2)', 'rs_system.array_element_or_null($1, $2, $3)'),
  ],
  ['json_extract_path_text', extractPath],
  ['array', template('json_array($*)')],
  ['is_array', template("(rs_system.json_typeof($1) = 'array')")],
  ['is_object', template("(rs_system.json_typeof($1) = 'object')")],
  ['is_scalar', template("(rs_system.json_typeof($1) not in ('array', 'object'))")],
  ['is_varchar', template("(rs_system.json_typeof($1) = 'string')")],
  ['is_boolean', template("(rs_system.json_typeof($1) = 'boolean')")],
  ...sameFunctions('json_object'),
  ['object', template('json_object($*)')],
  ['split_to_array', template("to_json(string_split($1, ','))", 'to_json(string_split($1, $2))')],
];

/** JSON_EXTRACT_PATH_TEXT(json, key, … [, null_if_invalid]). */
function extractPath(call: FunctionCall): { text: string } {
  const last = call.items.at(-1);
  const flag = last?.length === 1 && isWord(last[0], 'true', 'false') ? last[0] : undefined;
  const count = call.args.length - (flag ? 1 : 0);
  if (count < 2) throw undefinedFunction(call.name, call.args.length);
  const steps = call.items.slice(1, count).map((item, index) => {
    const key = item.length === 1 ? stringOf(item[0]) : undefined;
    return key === undefined
      ? `'."' || ${call.args[index + 1]} || '"'`
      : quoteText(`."${key.replaceAll('"', '\\"')}"`);
  });
  const path = steps.every((step) => !step.includes('||'))
    ? quoteText(`$${steps.map((step) => step.slice(1, -1).replaceAll("''", "'")).join('')}`)
    : `('$' || ${steps.join(' || ')})`;
  const macro = isWord(flag, 'true') ? 'json_path_or_null' : 'json_path';
  return { text: `rs_system.${macro}(${call.args[0]}, ${path})` };
}
