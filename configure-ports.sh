#!/usr/bin/env bash
# Says who may open the forwarded ports of a Codespace.
# Keeps to the bash 3.2 of macOS.
set -u
cd "$(dirname "$0")" || exit 1

usage='usage: ./configure-ports.sh [private|org|public]

  private   you alone, for every port of the stack (the default)
  org       everybody in your organization, for Kibana and the console of MinIO
  public    everybody who has the address, for the same two

Kafka, Elasticsearch, Prometheus, PostgreSQL, Spark and S3 are never opened: they are for programs, which run inside. Neither is the page, which asks for no login.'

by_hand='Set it by hand: PORTS tab, right click on the port, Port Visibility'

case $#:${1:-private} in
  [01]:private | 1:org | 1:public) visibility=${1:-private} ;;
  1:-h | 1:--help)
    echo "$usage"
    exit
    ;;
  *)
    echo "$usage" >&2
    exit 2
    ;;
esac

if [ "${CODESPACES:-}" != true ]; then
  echo 'Nothing to configure: this is not a Codespace, and the ports are open on this machine alone (127.0.0.1).'
  exit
fi
if [ -z "${CODESPACE_NAME:-}" ]; then
  echo "problem  CODESPACE_NAME is not set, so gh cannot be told which Codespace this is. $by_hand" >&2
  exit 1
fi
if ! command -v gh >/dev/null 2>&1; then
  echo "problem  gh, the GitHub CLI, is missing: install it, https://cli.github.com, and run this again. $by_hand" >&2
  exit 1
fi

status=0

# make_visible PORT_NAME SERVICE: gh knows no port that is not forwarded, and nobody reaches such a port.
make_visible() {
  local port answer
  port=$(./setup-environment.sh --get "$1")
  if answer=$(gh codespace ports visibility "$port:$visibility" -c "$CODESPACE_NAME" 2>&1); then
    printf 'ok       port %s (%s) is %s\n' "$port" "$2" "$visibility"
    return
  fi
  case $answer in
    *'404 Not Found'* | *'not being f'*)
      if [ "$visibility" = private ]; then
        printf 'ok       port %s (%s) is not forwarded, so nobody reaches it\n' "$port" "$2"
        return
      fi
      answer='it is not forwarded yet; run make start first'
      ;;
  esac
  printf 'problem  port %s (%s) is not %s: %s. %s\n' "$port" "$2" "$visibility" "$(printf '%s' "$answer" | tr '\n' ' ')" "$by_hand" >&2
  status=1
}

case $visibility in
  org) who='everybody in your organization' ;;
  public) who='everybody who has the address' ;;
esac
[ "$visibility" = private ] ||
  echo "warning  $who can read, change and delete what Kibana shows, which asks for no login. To undo: ./configure-ports.sh" >&2

make_visible KIBANA_PORT Kibana
make_visible MINIO_CONSOLE_PORT 'MinIO console'
if [ "$visibility" = private ]; then
  make_visible ELASTICSEARCH_PORT Elasticsearch
  make_visible MINIO_PORT 'MinIO S3'
  make_visible KAFKA_PORT Kafka
  make_visible PROMETHEUS_PORT Prometheus
  make_visible DASHBOARD_PORT 'the page'
  make_visible WAREHOUSE_PORT PostgreSQL
  make_visible SPARK_UI_PORT Spark
  make_visible SPARK_CONNECT_PORT 'Spark Connect'
fi
exit $status
