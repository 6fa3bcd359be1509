-- One row a user_id: the user's totals, and how long ago the last event was.
-- Reads `customer_totals` and `dataset` (one row: last_event, the dataset's latest event). It depends on all events, and aggregates none.
SELECT
  user_id,
  first_seen,
  last_seen,
  events,
  views,
  carts,
  removals,
  purchases,
  sessions,
  active_days,
  products,
  brands,
  categories,
  total_spent,
  average_order_value,
  largest_purchase,
  average_viewed_price,
  favourite_category,
  favourite_brand,
  view_to_cart,
  cart_to_purchase,
  CAST(floor((unix_timestamp(dataset.last_event) - unix_timestamp(last_seen)) / 86400) AS INT) AS recency_days,
  segment
FROM customer_totals
CROSS JOIN dataset
