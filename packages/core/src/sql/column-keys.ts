/**
 * Column names as keys of a row: the second `count` is `count_2`. A result lets two columns share a name; an object does
 * not, and would show one of the two values under both.
 */
export function columnKeys(names: readonly string[]): readonly string[] {
  const taken = new Set(names);
  const seen = new Set<string>();
  return names.map((name) => {
    let key = name;
    for (let nth = 2; seen.has(key) || (key !== name && taken.has(key)); nth += 1) key = `${name}_${nth}`;
    seen.add(key);
    return key;
  });
}
