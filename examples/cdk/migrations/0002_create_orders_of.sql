CREATE TABLE public.orders_of (
  customer VARCHAR(100),
  orders BIGINT
);
