-- One row for each day from 2010-01-01 to 2030-12-31, and for any other day that a fact has.
WITH digits AS (
  SELECT digit FROM (VALUES (0), (1), (2), (3), (4), (5), (6), (7), (8), (9)) AS listed (digit)
),
days AS (
  SELECT DATE '2010-01-01' + CAST(a.digit * 1000 + b.digit * 100 + c.digit * 10 + d.digit AS INT) AS full_date
  FROM digits AS a CROSS JOIN digits AS b CROSS JOIN digits AS c CROSS JOIN digits AS d
),
wanted AS (
  SELECT full_date FROM days WHERE full_date <= DATE '2030-12-31'
  UNION
  SELECT full_date FROM fact_sales
),
-- 1970-01-01 was a Thursday.
numbered AS (
  SELECT full_date, CAST((floor(unix_timestamp(CAST(full_date AS TIMESTAMP)) / 86400) + 3) % 7 AS INT) AS since_monday FROM wanted
)
SELECT
  full_date,
  (since_monday + 7) % 7 + 1 AS day_of_week,
  CASE (since_monday + 7) % 7
    WHEN 0 THEN 'Mon' WHEN 1 THEN 'Tue' WHEN 2 THEN 'Wed' WHEN 3 THEN 'Thu' WHEN 4 THEN 'Fri' WHEN 5 THEN 'Sat' ELSE 'Sun'
  END AS day_of_week_short,
  CASE WHEN (since_monday + 7) % 7 >= 5 THEN 'weekend' ELSE 'weekday' END AS is_weekday_or_weekend,
  CAST(extract(DAY FROM full_date) AS INT) AS day_of_month,
  substr(CAST(full_date AS STRING), 1, 7) AS year_month,
  CAST(extract(MONTH FROM full_date) AS INT) AS month,
  CAST(extract(DOY FROM full_date) AS INT) AS day_of_year,
  CAST(extract(WEEK FROM full_date) AS INT) AS week_of_year,
  CAST(extract(QUARTER FROM full_date) AS INT) AS quarter_number,
  CAST(extract(YEAR FROM full_date) AS INT) AS year
FROM numbered
