-- One row a user_id: the user's totals, what follows from them, and how long ago the last event was.
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
  CAST(total_spent AS DOUBLE) / nullif(purchases, 0) AS average_order_value,
  largest_purchase,
  CAST(viewed_amount AS DOUBLE) / nullif(views, 0) AS average_viewed_price,
  favourite_category,
  favourite_brand,
  CAST(carts AS DOUBLE) / nullif(views, 0) AS view_to_cart,
  CAST(purchases AS DOUBLE) / nullif(carts, 0) AS cart_to_purchase,
  CAST(floor((unix_timestamp(dataset.last_event) - unix_timestamp(last_seen)) / 86400) AS INT) AS recency_days,
  CASE
    WHEN purchases >= 3 THEN 'loyal'
    WHEN purchases >= 1 THEN 'buyer'
    WHEN carts >= 1 THEN 'cart_abandoner'
    WHEN sessions >= 2 THEN 'returning_visitor'
    ELSE 'visitor'
  END AS segment
FROM customer_totals
CROSS JOIN dataset
