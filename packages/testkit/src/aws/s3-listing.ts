import { elementsOf, escapeXml, type S3Request, unescapeXml } from './s3-request.ts';

export interface ListedObject {
  readonly key: string;
  /** The emulator's own elements about it. */
  readonly rest: string;
}

const MAX_KEYS = 1_000;

/** The objects in a page of the emulator's listing, and where its next page begins. */
export function parseListing(xml: string): { objects: ListedObject[]; next: string | undefined } {
  const objects = elementsOf(xml, 'Contents').map((content) => ({
    key: unescapeXml(elementsOf(content, 'Key')[0] ?? ''),
    rest: content.replace(/<Key>[\s\S]*?<\/Key>/u, ''),
  }));
  return { objects, next: elementsOf(xml, 'NextContinuationToken')[0] };
}

/** A page as S3 gives it: ordered by the UTF-8 bytes of the keys, which are encoded when that is asked for. */
export function renderListing({ bucket, query }: S3Request, objects: readonly ListedObject[]): string {
  const after = query.get('continuation-token') ?? query.get('start-after') ?? '';
  const maxKeys = Math.min(Number(query.get('max-keys') ?? MAX_KEYS), MAX_KEYS);
  const isEncoded = query.get('encoding-type') === 'url';
  const rest = objects
    .filter(({ key }) => compareBytes(key, after) > 0)
    .sort((a, b) => compareBytes(a.key, b.key));
  const page = rest.slice(0, maxKeys);
  const isTruncated = rest.length > page.length;
  const keyText = (key: string): string =>
    isEncoded ? encodeURIComponent(key).replaceAll('%2F', '/').replaceAll('%20', '+') : escapeXml(key);
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    '<ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/">',
    `<Name>${bucket}</Name><KeyCount>${page.length}</KeyCount><MaxKeys>${maxKeys}</MaxKeys>`,
    isEncoded ? '<EncodingType>url</EncodingType>' : '',
    `<IsTruncated>${isTruncated}</IsTruncated>`,
    isTruncated ? `<NextContinuationToken>${escapeXml(page.at(-1)?.key ?? '')}</NextContinuationToken>` : '',
    ...page.map(({ key, rest: other }) => `<Contents><Key>${keyText(key)}</Key>${other}</Contents>`),
    '</ListBucketResult>',
  ].join('');
}

function compareBytes(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a), Buffer.from(b));
}
