-- The five sites from which most views came.
-- chart: views by referrer_url
-- order: 3
SELECT referrer_url, count(*) AS views
FROM fact_sales
WHERE full_date = $date AND referrer_url IS NOT NULL
GROUP BY referrer_url
ORDER BY views DESC, referrer_url COLLATE "C"
LIMIT 5
