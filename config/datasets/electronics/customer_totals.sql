-- One row a user_id over distinct events, in the SQL that DuckDB and Spark share: what changes only with a user's own events.
-- Reads `events`: all events of the users at hand.
WITH distinct_events AS (
  SELECT DISTINCT event_time, event_type, product_id, category_id, category_code, brand, price, user_id, user_session
  FROM events
),
totals AS (
  SELECT
    user_id,
    min(event_time) AS first_seen,
    max(event_time) AS last_seen,
    count(*) AS events,
    count(*) FILTER (WHERE event_type = 'view') AS views,
    count(*) FILTER (WHERE event_type = 'cart') AS carts,
    count(*) FILTER (WHERE event_type = 'remove_from_cart') AS removals,
    count(*) FILTER (WHERE event_type = 'purchase') AS purchases,
    count(DISTINCT user_session) AS sessions,
    count(DISTINCT CAST(event_time AS DATE)) AS active_days,
    count(DISTINCT product_id) AS products,
    count(DISTINCT brand) AS brands,
    count(DISTINCT category_code) AS categories,
    CAST(coalesce(sum(price) FILTER (WHERE event_type = 'purchase'), 0) AS DECIMAL(18, 2)) AS total_spent,
    max(price) FILTER (WHERE event_type = 'purchase') AS largest_purchase,
    CAST(sum(price) FILTER (WHERE event_type = 'view') AS DECIMAL(18, 2)) AS viewed_amount
  FROM distinct_events
  GROUP BY user_id
),
favourite_categories AS (
  SELECT user_id, category_code FROM (
    SELECT
      user_id,
      category_code,
      row_number() OVER (PARTITION BY user_id ORDER BY count(*) DESC, category_code) AS place
    FROM distinct_events
    WHERE category_code IS NOT NULL
    GROUP BY user_id, category_code
  ) AS ranked
  WHERE place = 1
),
favourite_brands AS (
  SELECT user_id, brand FROM (
    SELECT
      user_id,
      brand,
      row_number() OVER (PARTITION BY user_id ORDER BY count(*) DESC, brand) AS place
    FROM distinct_events
    WHERE brand IS NOT NULL
    GROUP BY user_id, brand
  ) AS ranked
  WHERE place = 1
)
SELECT
  totals.user_id,
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
  CAST(largest_purchase AS DECIMAL(12, 2)) AS largest_purchase,
  viewed_amount,
  favourite_categories.category_code AS favourite_category,
  favourite_brands.brand AS favourite_brand
FROM totals
LEFT JOIN favourite_categories ON favourite_categories.user_id = totals.user_id
LEFT JOIN favourite_brands ON favourite_brands.user_id = totals.user_id
