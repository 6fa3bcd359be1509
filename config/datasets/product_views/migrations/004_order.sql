-- The facts are stored in the order of their days, so that a report reads few pages.
-- A table that was filled before keeps its order until `CLUSTER fact_sales` is run.
ALTER TABLE fact_sales CLUSTER ON fact_sales_full_date_idx;
