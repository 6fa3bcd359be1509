-- Each report reads the facts of one day.
CREATE INDEX IF NOT EXISTS fact_sales_full_date_idx ON fact_sales (full_date);
-- Without these, each member that is deleted would read all facts.
CREATE INDEX IF NOT EXISTS fact_sales_product_key_idx ON fact_sales (product_key);
CREATE INDEX IF NOT EXISTS fact_sales_ip_key_idx ON fact_sales (ip_key);
CREATE INDEX IF NOT EXISTS fact_sales_user_agent_key_idx ON fact_sales (user_agent_key);
