#!/bin/sh
# Writes the credentials of MinIO's and PostgreSQL's administrators, of the pipeline's users, and Spark's token, into volumes, each once: what the
# environment names, what is there already, or random ones.
set -eu

# random BYTES: so many random bytes in hexadecimal, which needs no quoting anywhere.
random() { od -An -N "$1" -tx1 /dev/urandom | tr -d ' \n'; }

# keep MODE FILE VALUE RANDOM
keep() {
  [ -n "$3" ] || ! [ -s "$2" ] || return 0
  rm -f "$2.new"
  printf '%s' "${3:-$4}" >"$2.new"
  chmod "$1" "$2.new"
  mv -f "$2.new" "$2"
}

# The servers run as root, without its right to read what others own; the jobs do not.
keep 400 /run/minio-root/user "$ROOT_USER" "admin-$(random 6)"
keep 400 /run/minio-root/password "$ROOT_PASSWORD" "$(random 16)"
keep 444 /run/minio-user/access-key "$ACCESS_KEY" "eventlake-$(random 5)"
keep 444 /run/minio-user/secret-key "$SECRET_KEY" "$(random 16)"

# Only a cluster of Kafka asks for a login.
[ ! -d /run/kafka-user ] || keep 444 /run/kafka-user/password '' "$(random 16)"

# PostgreSQL runs without root's rights; what only it may see is in a volume that only it has.
for role in admin eventlake reader; do
  keep 444 "/run/postgres-root/$role-password" '' "$(random 16)"
done
password=$(cat /run/postgres-root/eventlake-password)
keep 444 /run/postgres-user/url "postgres://eventlake:$password@postgres:5432/warehouse" ''

# The Connect server asks for the token; the jobs read it with the address.
keep 444 /run/spark-user/token '' "$(random 16)"
keep 444 /run/spark-user/remote "sc://spark-connect:15002/;token=$(cat /run/spark-user/token)" ''
