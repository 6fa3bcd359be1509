-- The stores of each country in the order of their views.
-- chart: views by country_name, store_id
-- order: 4
SELECT
  dim_location.country_code,
  min(min(dim_location.country_name COLLATE "C")) OVER (PARTITION BY dim_location.country_code) AS country_name,
  fact_sales.store_id,
  count(*) AS views,
  rank() OVER (PARTITION BY dim_location.country_code ORDER BY count(*) DESC) AS place
FROM fact_sales
LEFT JOIN dim_location ON dim_location.ip_key = fact_sales.ip_key
WHERE fact_sales.full_date = $date
GROUP BY dim_location.country_code, fact_sales.store_id
ORDER BY dim_location.country_code COLLATE "C" NULLS LAST, place, fact_sales.store_id COLLATE "C" NULLS LAST
