-- The ten products that were viewed most.
-- chart: views by name, product_key
-- order: 1
SELECT fact_sales.product_key, dim_product.name, count(*) AS views
FROM fact_sales
LEFT JOIN dim_product ON dim_product.product_key = fact_sales.product_key
WHERE fact_sales.full_date = $date AND fact_sales.product_key IS NOT NULL
GROUP BY fact_sales.product_key, dim_product.name
ORDER BY views DESC, fact_sales.product_key COLLATE "C"
LIMIT 10
