-- The views of each product by the hour (UTC).
-- chart: views by hour
-- order: 5
SELECT
  CAST(substr(CAST(fact_sales.full_time AS VARCHAR), 1, 2) AS INTEGER) AS hour,
  fact_sales.product_key,
  dim_product.name,
  count(*) AS views
FROM fact_sales
LEFT JOIN dim_product ON dim_product.product_key = fact_sales.product_key
WHERE fact_sales.full_date = $date AND fact_sales.product_key IS NOT NULL
GROUP BY 1, fact_sales.product_key, dim_product.name
ORDER BY 1, views DESC, fact_sales.product_key COLLATE "C"
