-- One row for each address of a fact or of the location files. The files come before the database; they write - for what is not known.
WITH wanted AS (
  SELECT ip FROM locations
  UNION
  SELECT ip FROM known_locations
)
SELECT
  sha2(wanted.ip, 256) AS ip_key,
  wanted.ip AS ip_address,
  CASE WHEN known_locations.ip IS NULL THEN country_code ELSE nullif(country_short, '-') END AS country_code,
  CASE WHEN known_locations.ip IS NULL THEN country_name ELSE nullif(country_long, '-') END AS country_name,
  CASE WHEN known_locations.ip IS NULL THEN region_name ELSE nullif(region, '-') END AS region_name,
  CASE WHEN known_locations.ip IS NULL THEN city_name ELSE nullif(city, '-') END AS city_name
FROM wanted
LEFT JOIN locations ON locations.ip = wanted.ip
LEFT JOIN known_locations ON known_locations.ip = wanted.ip
