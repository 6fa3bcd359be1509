-- The views by hour (UTC), browser and operating system.
-- chart: views by hour, browser
-- order: 6
SELECT
  CAST(substr(CAST(fact_sales.full_time AS VARCHAR), 1, 2) AS INTEGER) AS hour,
  dim_user_agent.browser,
  dim_user_agent.os,
  count(*) AS views
FROM fact_sales
LEFT JOIN dim_user_agent ON dim_user_agent.user_agent_key = fact_sales.user_agent_key
WHERE fact_sales.full_date = $date
GROUP BY 1, dim_user_agent.browser, dim_user_agent.os
ORDER BY 1, views DESC, dim_user_agent.browser COLLATE "C" NULLS LAST, dim_user_agent.os COLLATE "C" NULLS LAST
