-- Each key of a fact has its member. A member that is missing is added with its key alone: the next process fills it in.
INSERT INTO dim_date (full_date)
SELECT DISTINCT full_date FROM fact_sales WHERE full_date IS NOT NULL ON CONFLICT DO NOTHING;
INSERT INTO dim_product (product_key)
SELECT DISTINCT product_key FROM fact_sales WHERE product_key IS NOT NULL ON CONFLICT DO NOTHING;
INSERT INTO dim_location (ip_key)
SELECT DISTINCT ip_key FROM fact_sales WHERE ip_key IS NOT NULL ON CONFLICT DO NOTHING;
INSERT INTO dim_user_agent (user_agent_key)
SELECT DISTINCT user_agent_key FROM fact_sales WHERE user_agent_key IS NOT NULL ON CONFLICT DO NOTHING;

ALTER TABLE fact_sales
  DROP CONSTRAINT IF EXISTS fact_sales_full_date_fkey,
  DROP CONSTRAINT IF EXISTS fact_sales_product_key_fkey,
  DROP CONSTRAINT IF EXISTS fact_sales_ip_key_fkey,
  DROP CONSTRAINT IF EXISTS fact_sales_user_agent_key_fkey,
  ADD CONSTRAINT fact_sales_full_date_fkey FOREIGN KEY (full_date) REFERENCES dim_date,
  ADD CONSTRAINT fact_sales_product_key_fkey FOREIGN KEY (product_key) REFERENCES dim_product,
  ADD CONSTRAINT fact_sales_ip_key_fkey FOREIGN KEY (ip_key) REFERENCES dim_location,
  ADD CONSTRAINT fact_sales_user_agent_key_fkey FOREIGN KEY (user_agent_key) REFERENCES dim_user_agent;
