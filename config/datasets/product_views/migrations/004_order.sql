-- A table that is filled anew has its facts in the order of their days, so that a report reads few pages.
-- One that was filled before keeps its order until `CLUSTER fact_sales` is run.
ALTER TABLE fact_sales CLUSTER ON fact_sales_full_date_idx;
