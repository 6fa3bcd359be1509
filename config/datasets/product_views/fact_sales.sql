-- One row for each message and product. Messages that come again make one row: the earliest is taken, in any order of arrival.
WITH messages AS (
  SELECT *, sha2(id || coalesce(product_id, ''), 256) AS sales_key FROM events
),
ranked AS (
  SELECT
    *,
    row_number() OVER (
      PARTITION BY sales_key
      ORDER BY
        time_stamp, ip NULLS LAST, user_agent NULLS LAST, resolution NULLS LAST, user_id_db NULLS LAST, device_id NULLS LAST,
        api_version NULLS LAST, store_id NULLS LAST, local_time NULLS LAST, show_recommendation NULLS LAST, current_url NULLS LAST,
        referrer_url NULLS LAST, email_address NULLS LAST, recommendation NULLS LAST, utm_source NULLS LAST, utm_medium NULLS LAST,
        collection NULLS LAST, product_id NULLS LAST, option NULLS LAST
    ) AS place
  FROM messages
)
SELECT
  sales_key,
  CAST(time_stamp AS DATE) AS full_date,
  substr(CAST(time_stamp AS STRING), 12, 8) AS full_time,
  sha2(ip, 256) AS ip_key,
  sha2(user_agent, 256) AS user_agent_key,
  product_id AS product_key,
  -- The host of an absolute URL, without user and port.
  nullif(regexp_replace(lower(regexp_extract(referrer_url, '^[A-Za-z][A-Za-z0-9+.-]*://([^/?#@]*@)?([^/?#@]*)', 2)), ':[0-9]*$', ''), '') AS referrer_url,
  collection,
  option,
  email_address,
  resolution,
  user_id_db,
  device_id,
  api_version,
  store_id,
  local_time,
  show_recommendation,
  recommendation,
  utm_source,
  utm_medium
FROM ranked
WHERE place = 1
