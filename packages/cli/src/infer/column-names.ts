/** A column name's longest length in Redshift, in bytes. */
const MAX_NAME_BYTES = 127;

/**
 * Names for the columns of a table from what a file calls them: lower case, other signs than letters and digits as
 * `_`, each once. `Departure Delay (min)` is `departure_delay_min`.
 */
export function toColumnNames(labels: readonly string[]): readonly string[] {
  const seen = new Set<string>();
  return labels.map((label, index) => {
    const name = toName(label) || `column_${index + 1}`;
    let unique = name;
    for (let copy = 2; seen.has(unique); copy += 1) unique = `${name}_${copy}`;
    seen.add(unique);
    return unique;
  });
}

export function toName(label: string): string {
  const words = label
    .normalize('NFC')
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N}_]+/gu, '_')
    .replaceAll(/^_+|_+$/gu, '');
  const name = /^\p{N}/u.test(words) ? `_${words}` : words;
  // Cut so that a `_2` still fits.
  return cutBytes(name, MAX_NAME_BYTES - 4);
}

function cutBytes(text: string, bytes: number): string {
  let cut = '';
  for (const char of text) {
    if (Buffer.byteLength(cut + char) > bytes) break;
    cut += char;
  }
  return cut;
}

/** A name as SQL takes it: quoted where it is a word of the language, or not a plain identifier. */
export function quoteName(name: string): string {
  const isPlain = /^[a-z_][a-z0-9_$]*$/u.test(name) && !RESERVED.has(name);
  return isPlain ? name : `"${name.replaceAll('"', '""')}"`;
}

/** Redshift's reserved words (Database Developer Guide, "Reserved words"). */
const RESERVED: ReadonlySet<string> = new Set(
  `aes128 aes256 all allowoverwrite analyse analyze and any array as asc authorization az64 backup between binary
  blanksasnull both bytedict bzip2 case cast check collate column connect constraint create credentials cross
  current_date current_time current_timestamp current_user current_user_id default deferrable deflate defrag delta
  delta32k desc disable distinct do else emptyasnull enable encode encrypt encryption end except explicit false for
  foreign freeze from full globaldict256 globaldict64k grant group gzip having identity ignore ilike in initially inner
  intersect interval into is isnull join language leading left like limit localtime localtimestamp lun luns lzo lzop
  minus mostly16 mostly32 mostly8 natural new not notnull null nulls off offline offset oid old on only open or order
  outer overlaps parallel partition percent permissions pivot placing primary qualify raw readratio recover references
  rejectlog resort respect restore right select session_user similar snapshot some sysdate system table tag tdes text255
  text32k then timestamp to top trailing true truncatecolumns type union unique unnest unpivot user using verbose wallet
  when where with without`.split(/\s+/u),
);
