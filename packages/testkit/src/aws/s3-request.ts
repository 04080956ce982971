import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';

/** What a path-style S3 request asks for. */
export interface S3Request {
  readonly method: string;
  readonly bucket: string;
  /** Decoded; empty for requests about the bucket. */
  readonly key: string;
  readonly query: URLSearchParams;
  readonly headers: IncomingHttpHeaders;
}

export function parseS3Request({ method = 'GET', url = '/', headers }: IncomingMessage): S3Request {
  const [path = '/', search = ''] = url.split(/\?(.*)/su);
  const [, bucket = '', key = ''] = /^\/([^/]*)\/?(.*)$/su.exec(path) ?? [];
  return { method, bucket, key: decodeURIComponent(key), query: new URLSearchParams(search), headers };
}

/** The source of a copy, decoded. */
export function copySourceOf({ headers }: S3Request): { bucket: string; key: string } | undefined {
  const source = headers['x-amz-copy-source'];
  if (typeof source !== 'string') return undefined;
  const [, bucket = '', key = ''] = /^\/?([^/]+)\/([^?]*)/su.exec(source) ?? [];
  return { bucket, key: decodeURIComponent(key) };
}

/** The address that asks for an object at a server. */
export function pathOf({ bucket, key }: { bucket: string; key: string }): string {
  return `/${bucket}/${key.split('/').map(encodeURIComponent).join('/')}`;
}

export function escapeXml(text: string): string {
  return text.replace(/[&<>"']/gu, (character) => `&#${character.codePointAt(0)};`);
}

export function unescapeXml(text: string): string {
  const named: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" };
  return text.replace(/&(?:#x([0-9a-f]+)|#(\d+)|(\w+));/giu, (whole, hex, decimal, name) => {
    if (hex !== undefined) return String.fromCodePoint(Number.parseInt(hex, 16));
    if (decimal !== undefined) return String.fromCodePoint(Number(decimal));
    return named[name] ?? whole;
  });
}

/** The texts of all elements of a name, in order. */
export function elementsOf(xml: string, name: string): string[] {
  return [...xml.matchAll(new RegExp(`<${name}>([\\s\\S]*?)</${name}>`, 'gu'))].map(
    (match) => match[1] ?? '',
  );
}
