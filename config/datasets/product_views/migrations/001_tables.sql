-- The tables of the star schema. A table that is there already keeps its rows.
CREATE TABLE IF NOT EXISTS dim_date (
  full_date date PRIMARY KEY,
  day_of_week integer,
  day_of_week_short text,
  is_weekday_or_weekend text,
  day_of_month integer,
  year_month text,
  month integer,
  day_of_year integer,
  week_of_year integer,
  quarter_number integer,
  year integer
);
COMMENT ON TABLE dim_date IS 'One row for each day from 2010-01-01 to 2030-12-31, and for any other day of a fact.';
COMMENT ON COLUMN dim_date.full_date IS 'The day, UTC.';
COMMENT ON COLUMN dim_date.day_of_week IS '1 is Monday, 7 is Sunday.';
COMMENT ON COLUMN dim_date.day_of_week_short IS 'Mon to Sun.';
COMMENT ON COLUMN dim_date.is_weekday_or_weekend IS 'weekday, or weekend for Saturday and Sunday.';
COMMENT ON COLUMN dim_date.day_of_month IS '1 to 31.';
COMMENT ON COLUMN dim_date.year_month IS 'yyyy-MM.';
COMMENT ON COLUMN dim_date.month IS '1 to 12.';
COMMENT ON COLUMN dim_date.day_of_year IS '1 to 366.';
COMMENT ON COLUMN dim_date.week_of_year IS 'ISO 8601: 1 to 53.';
COMMENT ON COLUMN dim_date.quarter_number IS '1 to 4.';
COMMENT ON COLUMN dim_date.year IS 'The calendar year, which the ISO week may not belong to.';

CREATE TABLE IF NOT EXISTS dim_product (
  product_key text PRIMARY KEY,
  name text,
  current_url text,
  language_code text
);
COMMENT ON TABLE dim_product IS 'One row for each product of a fact or of the product files.';
COMMENT ON COLUMN dim_product.product_key IS 'The product_id of the shop.';
COMMENT ON COLUMN dim_product.name IS 'Null until a product file says it.';
COMMENT ON COLUMN dim_product.current_url IS 'The address of the page of the product. Null until a product file says it.';
COMMENT ON COLUMN dim_product.language_code IS 'The language of the name. Null until a product file says it.';

CREATE TABLE IF NOT EXISTS dim_location (
  ip_key text PRIMARY KEY,
  ip_address text,
  country_code text,
  country_name text,
  region_name text,
  city_name text
);
COMMENT ON TABLE dim_location IS 'One row for each address of a message or of the location files.';
COMMENT ON COLUMN dim_location.ip_key IS 'SHA-256 of the address, in hex.';
COMMENT ON COLUMN dim_location.ip_address IS 'The address as the message has it, also an invalid one.';
COMMENT ON COLUMN dim_location.country_code IS 'ISO 3166-1, two letters. Null where it is not known, as for private addresses.';
COMMENT ON COLUMN dim_location.country_name IS 'In English.';
COMMENT ON COLUMN dim_location.region_name IS 'Null where it is not known.';
COMMENT ON COLUMN dim_location.city_name IS 'Null where it is not known.';

CREATE TABLE IF NOT EXISTS dim_user_agent (
  user_agent_key text PRIMARY KEY,
  user_agent text,
  browser text,
  os text
);
COMMENT ON TABLE dim_user_agent IS 'One row for each user agent of a message.';
COMMENT ON COLUMN dim_user_agent.user_agent_key IS 'SHA-256 of the user agent, in hex.';
COMMENT ON COLUMN dim_user_agent.user_agent IS 'As the message has it.';
COMMENT ON COLUMN dim_user_agent.browser IS 'The browser, or the name of the bot. Null where it is not known.';
COMMENT ON COLUMN dim_user_agent.os IS 'The operating system. Null where it is not known.';

CREATE TABLE IF NOT EXISTS fact_sales (
  sales_key text PRIMARY KEY,
  full_date date,
  full_time text,
  ip_key text,
  user_agent_key text,
  product_key text,
  referrer_url text,
  collection text,
  option json,
  email_address text,
  resolution text,
  user_id_db text,
  device_id text,
  api_version text,
  store_id text,
  local_time text,
  show_recommendation text,
  recommendation text,
  utm_source text,
  utm_medium text
);
COMMENT ON TABLE fact_sales IS 'One row for each message and product; of messages that came again, the earliest.';
COMMENT ON COLUMN fact_sales.sales_key IS 'SHA-256 of the id of the message and the product_id, in hex.';
COMMENT ON COLUMN fact_sales.full_date IS 'The day, UTC.';
COMMENT ON COLUMN fact_sales.full_time IS 'HH:mm:ss, UTC.';
COMMENT ON COLUMN fact_sales.ip_key IS 'Null where the message has no address.';
COMMENT ON COLUMN fact_sales.user_agent_key IS 'Null where the message has no user agent.';
COMMENT ON COLUMN fact_sales.product_key IS 'Null where the message is not about a product.';
COMMENT ON COLUMN fact_sales.referrer_url IS 'The host of the page before.';
COMMENT ON COLUMN fact_sales.collection IS 'What kind of event it is.';
COMMENT ON COLUMN fact_sales.option IS 'The options of a product as an array, or the filters of a listing as an object.';
COMMENT ON COLUMN fact_sales.email_address IS 'Personal data; null for visitors who gave none.';
COMMENT ON COLUMN fact_sales.resolution IS 'Of the screen, such as 375x667.';
COMMENT ON COLUMN fact_sales.user_id_db IS 'Null for visitors who are not logged in.';
COMMENT ON COLUMN fact_sales.device_id IS 'As the shop names the device.';
COMMENT ON COLUMN fact_sales.api_version IS 'Of the program that wrote the message.';
COMMENT ON COLUMN fact_sales.store_id IS 'The store of the shop.';
COMMENT ON COLUMN fact_sales.local_time IS 'What the clock of the visitor says.';
COMMENT ON COLUMN fact_sales.show_recommendation IS 'As the message has it.';
COMMENT ON COLUMN fact_sales.recommendation IS 'A boolean or a text.';
COMMENT ON COLUMN fact_sales.utm_source IS 'A text or false.';
COMMENT ON COLUMN fact_sales.utm_medium IS 'A text or false.';
