-- One row for each product of a fact or of the product files. What the files do not say is null until they do.
WITH wanted AS (
  SELECT product_key FROM fact_sales WHERE product_key IS NOT NULL
  UNION
  SELECT product_id AS product_key FROM products
)
SELECT wanted.product_key, products.name, products.url AS current_url, products.language_code
FROM wanted
LEFT JOIN products ON products.product_id = wanted.product_key
