CREATE TABLE public.orders (
  order_id BIGINT NOT NULL,
  customer VARCHAR(100),
  amount DECIMAL(12, 2),
  updated_at TIMESTAMP NOT NULL
);

CREATE TABLE public.page_views (
  viewed_at TIMESTAMP NOT NULL,
  url VARCHAR(2000),
  visitor VARCHAR(64)
);

CREATE TABLE public.shipments (
  event_id VARCHAR(64) NOT NULL,
  shipped_at TIMESTAMP NOT NULL,
  order_id BIGINT,
  carrier VARCHAR(50)
);
