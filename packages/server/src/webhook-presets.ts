import type { WebhookSource } from './webhook-source.ts';

/** Webhooks of GitHub, with content type `application/json`; types are `github.push`, `github.issues` … */
export function github(...secrets: readonly string[]): WebhookSource {
  return {
    secrets,
    signature: { header: 'x-hub-signature-256', prefix: 'sha256=' },
    type: { header: 'x-github-event' },
    typePrefix: 'github.',
  };
}

/** Webhooks of Stripe; types are `stripe.charge.succeeded` …, ids are Stripe's own. */
export function stripe(...secrets: readonly string[]): WebhookSource {
  return {
    secrets,
    signature: {
      header: 'stripe-signature',
      fields: { timestamp: 't', signature: 'v1' },
      signed: '{timestamp}.{body}',
      toleranceSeconds: 300,
    },
    type: { field: '$.type' },
    typePrefix: 'stripe.',
    id: { field: '$.id' },
    time: { field: '$.created' },
  };
}

/** Webhooks of Shopify; types are `shopify.orders/create` … */
export function shopify(...secrets: readonly string[]): WebhookSource {
  return {
    secrets,
    signature: { header: 'x-shopify-hmac-sha256', encoding: 'base64' },
    type: { header: 'x-shopify-topic' },
    typePrefix: 'shopify.',
    time: { header: 'x-shopify-triggered-at' },
  };
}
