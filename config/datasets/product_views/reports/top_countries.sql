-- The ten countries with most views.
-- chart: views by country_name
-- order: 2
SELECT dim_location.country_code, min(dim_location.country_name COLLATE "C") AS country_name, count(*) AS views
FROM fact_sales
JOIN dim_location ON dim_location.ip_key = fact_sales.ip_key
WHERE fact_sales.full_date = $date AND dim_location.country_code IS NOT NULL
GROUP BY dim_location.country_code
ORDER BY views DESC, dim_location.country_code COLLATE "C"
LIMIT 10
