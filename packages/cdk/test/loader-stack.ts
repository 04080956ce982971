import { App, Stack } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import * as s3 from 'aws-cdk-lib/aws-s3';
import { EventPipeline } from '../src/event-pipeline';
import { FirehoseSource } from '../src/firehose-source';
import { LandingBucket } from '../src/landing-bucket';
import { MicrobatchLoader } from '../src/microbatch-loader';
import type { MicrobatchLoaderProps } from '../src/microbatch-loader-props';
import type { TemplateJson } from './template-rules';

/** Where everything in these tests is. */
export const PLACE = { workgroup: 'analytics', database: 'prod' };

/** A configuration as small as they come. */
export const ONE_TARGET = {
  targets: {
    'public.flights': {
      mode: 'append',
      from: 's3://lake/flights/',
      format: { kind: 'csv' },
      freshness: '30s',
    },
  },
};

export interface OpenStack {
  readonly stack: Stack;
  readonly landing: LandingBucket;
  readonly loader: MicrobatchLoader;
}

type Props = Partial<MicrobatchLoaderProps>;

/** A loader, and a bucket beside it. */
export function loaderStack(props: Props | ((stack: Stack) => Props) = {}): OpenStack {
  const stack = new Stack(new App(), 'Stack');
  const landing = new LandingBucket(stack, 'Landing');
  const given = typeof props === 'function' ? props(stack) : props;
  const loader = new MicrobatchLoader(stack, 'Loader', { ...PLACE, configuration: ONE_TARGET, ...given });
  return { stack, landing, loader };
}

export const WHOLE = {
  ...ONE_TARGET,
  targets: {
    ...ONE_TARGET.targets,
    'public.clicks': { mode: 'insert-only', key: 'id' },
    'public.orders': {
      mode: 'upsert',
      key: 'id',
      latestBy: 'at',
      from: 's3://shop/incoming/orders/',
      format: { kind: 'csv' },
      after: 'move',
    },
  },
  events: { click: [{ fact: 'public.clicks', columns: { id: '$.id' } }] },
};

/** Everything that these constructs have. */
export function wholeStack(props: Props | ((stack: Stack) => Props) = {}): OpenStack {
  const open = loaderStack((stack) => ({
    configuration: WHOLE,
    ...(typeof props === 'function' ? props(stack) : props),
  }));
  const { stack, landing, loader } = open;
  loader.addSource('Landing', { bucket: landing.bucket, prefixes: ['incoming/clicks/'] });
  const shop = s3.Bucket.fromBucketName(stack, 'Shop', 'shop');
  loader.addSource('Shop', { bucket: shop, prefixes: ['incoming/orders/'], suffix: '.csv' });
  new FirehoseSource(stack, 'views', { loader, bucket: landing.bucket });
  new EventPipeline(stack, 'Events', { loader });
  return open;
}

let whole: TemplateJson | undefined;

/** The template of `wholeStack()`, synthesised once: that takes seconds. */
export function wholeTemplate(): TemplateJson {
  whole ??= templateOf(wholeStack().stack);
  return whole;
}

export function templateOf(stack: Stack): TemplateJson {
  return Template.fromStack(stack).toJSON() as TemplateJson;
}
