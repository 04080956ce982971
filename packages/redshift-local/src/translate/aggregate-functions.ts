/** A call of an aggregate or window function, its parts rewritten. */
export interface AggregateCall {
  readonly args: readonly string[];
  /** `distinct ` or nothing. */
  readonly quantifier: string;
  /** `order by …` of WITHIN GROUP. */
  readonly withinGroup: string | undefined;
  /** ` over (…)` or nothing. */
  readonly over: string;
  /** ` ignore nulls` or nothing. */
  readonly nulls: string;
}

/** DuckDB SQL for the call; undefined when the arguments do not fit. */
export type AggregateRule = (call: AggregateCall) => string | undefined;

const SAME =
  'count sum min max stddev stddev_samp stddev_pop variance var_samp var_pop bool_and bool_or bit_and bit_or median ' +
  'any_value row_number rank dense_rank percent_rank cume_dist ntile first_value last_value nth_value lag lead';

const RULES = new Map<string, AggregateRule>(SAME.split(' ').map((name) => [name, same(name)]));

RULES.set('avg', (call) => {
  const [value] = call.args;
  if (value === undefined || call.args.length > 1) return undefined;
  // The overload is chosen by the argument's type: the mean of integers is cut to an integer, and that of a NUMERIC
  // keeps its scale, which the sum has too.
  if (call.over === '') {
    const macro = call.quantifier === '' ? 'mean' : 'mean_distinct';
    return `cast_to_type(rs_system.${macro}(${value}), sum(${value}))`;
  }
  const mean = `avg(${call.quantifier}${value})${call.over}`;
  return `cast_to_type(rs_system.mean_over(${value}, ${mean}), sum(${value})${call.over})`;
});

RULES.set('listagg', ({ args: [value, delimiter = "''"], quantifier, withinGroup, over }) => {
  if (value === undefined) return undefined;
  const order = withinGroup === undefined ? '' : ` ${withinGroup}`;
  return `string_agg(${quantifier}${value}, ${delimiter}${order})${over}`;
});

RULES.set('percentile_cont', percentile('quantile_cont'));
RULES.set('percentile_disc', percentile('quantile_disc'));
RULES.set('approximate percentile_disc', percentile('quantile_disc'));

RULES.set('approximate count', ({ args, quantifier, over }) =>
  quantifier === '' || args.length !== 1 ? undefined : `approx_count_distinct(${args[0]})${over}`,
);

RULES.set('ratio_to_report', ({ args: [value], over }) =>
  value === undefined || over === ''
    ? undefined
    : `(cast(${value} as double) / nullif(sum(${value})${over}, 0))`,
);

export function aggregateRule(name: string): AggregateRule | undefined {
  return RULES.get(name);
}

function same(name: string): AggregateRule {
  return ({ args, quantifier, withinGroup, over, nulls }) =>
    withinGroup === undefined ? `${name}(${quantifier}${args.join(', ')}${nulls})${over}` : undefined;
}

/** PERCENTILE_x(p) WITHIN GROUP (ORDER BY v) is DuckDB's quantile of v. */
function percentile(duckName: string): AggregateRule {
  return ({ args: [fraction], withinGroup, over }) => {
    const order = withinGroup === undefined ? undefined : /^order by (.*?)( asc| desc)?$/u.exec(withinGroup);
    if (fraction === undefined || !order) return undefined;
    const at = order[2] === ' desc' ? `1 - ${fraction}` : fraction;
    return `${duckName}(${order[1]}, ${at})${over}`;
  };
}
