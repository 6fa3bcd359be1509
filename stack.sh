#!/usr/bin/env bash
# Drives the Docker Compose stack: starts and stops it, and runs eventlake's commands in it. `make` alone lists the usual calls.
# Keeps to the bash 3.2 of macOS.
set -u
cd "$(dirname "$0")" || exit 1

usage='usage: ./stack.sh start             check this machine, build the image, start the servers, make topics, index and dashboard;
                                    with --spark N: start Spark, too, with N workers
       ./stack.sh urls              where the stack is
       ./stack.sh dashboards        make topics, index and dashboard again
       ./stack.sh follow [DATASET]  run a processor that stays; with --off: end it
       ./stack.sh live              run the generator of simulated readings, their export to CSV and the page; with --off: end the first two
       ./stack.sh dashboard         run the page over all datasets; with --off: end it
       ./stack.sh monitoring        run Prometheus with its alerts, and such a processor
       ./stack.sh warehouse         run PostgreSQL, to which tables are published
       ./stack.sh health            ask every server that runs whether it is well
       ./stack.sh logs [SERVICE]    follow what the servers say
       ./stack.sh stop              stop everything; all data stays
       ./stack.sh clean [--yes]     stop everything and delete all data
       ./stack.sh is-up             succeeds where it runs
       ./stack.sh on-data COMMAND   generate or check-data, on data/ alone, where there is no Node
       ./stack.sh COMMAND ...       any command of eventlake, in the stack: ./stack.sh profile 1515915625438750129'

SERVERS='kafka minio elasticsearch kibana'
# Downloads are not part of it: images are pulled before.
START_SECONDS=600

fail() {
  printf 'problem  %s\n' "$1" >&2
  exit 1
}

# need_local: without .env.local there are no addresses, and Compose would not even stop what runs.
need_local() { [ -f .env.local ] || ./setup-environment.sh >/dev/null 2>&1; }

# compose ARGUMENTS: docker compose with the settings of .env and .env.local, and with every part of the stack.
compose() {
  local file
  need_local
  file=$(./setup-environment.sh --get COMPOSE_FILE)
  COMPOSE_FILE=${file:-docker-compose.yml} docker compose --env-file .env --env-file .env.local \
    --profile ingestion --profile processing --profile spark --profile live --profile dashboard --profile monitoring --profile warehouse "$@"
}

# running: the services that run, each between spaces.
running() {
  printf ' %s' "$(docker ps --filter "label=com.docker.compose.project=${COMPOSE_PROJECT_NAME:-eventlake}" \
    --format '{{.Label "com.docker.compose.service"}}' 2>/dev/null | tr '\n' ' ')"
}

# runs SERVICE
runs() {
  case $(running) in *" $1 "*) return 0 ;; esac
  return 1
}

# missing_server: the first server that does not run; nothing where all do.
missing_server() {
  local running server
  running=$(running)
  for server in $SERVERS; do
    case $running in *" $server "*) ;; *) echo "$server" && return ;; esac
  done
}

# need_docker: for what can only be done where Docker runs; says what to do, as setup-environment.sh does.
need_docker() {
  docker info >/dev/null 2>&1 || {
    ./setup-environment.sh --check 2>&1 >/dev/null | grep Docker >&2
    exit 1
  }
}

need_stack() {
  local missing
  need_docker
  missing=$(missing_server)
  [ -z "$missing" ] || fail "The stack does not run ($missing is missing): make start first. Without Docker: make run"
}

# start [--spark WORKERS]
start() {
  local port scale=''
  ./setup-environment.sh || exit 1
  if [ "${1:-}" = --spark ]; then
    for port in SPARK_UI_PORT SPARK_CONNECT_PORT; do ./setup-environment.sh --check $port >/dev/null || exit 1; done
    SERVERS="$SERVERS spark-master spark-worker spark-connect"
    scale="--scale spark-worker=${2:-1}"
    echo 'Building the image of Spark; the first time, 1 GB is fetched ...'
    compose --progress quiet build spark-master || fail 'The image of Spark could not be built: the lines above say why. Is there a network?'
  fi
  echo 'Building the image of eventlake ...'
  compose --progress quiet build setup || fail 'The image of eventlake could not be built: the lines above say why. Is there a network?'
  echo 'Starting Kafka, MinIO, Elasticsearch and Kibana; the first time, their images are fetched (2 GB) ...'
  # shellcheck disable=SC2086 # several words
  compose up --detach --wait --wait-timeout $START_SECONDS $scale $SERVERS || explain_start
  set_up
  echo
  urls
  echo
  echo 'Next: make ingest, then make process. Data: data/README.md, or make data for synthetic rows.'
}

# explain_start: which server is not well, and where to read more.
explain_start() {
  local server state
  for server in $SERVERS; do
    state=$(compose ps --all --format '{{.State}} {{.Health}} {{.ExitCode}}' "$server" 2>/dev/null | sed -n 1p)
    case $state in
      'running healthy'*) ;;
      'exited '*137) printf 'problem  %s was killed, as happens when memory is short: ./setup-environment.sh\n' "$server" >&2 ;;
      '') printf 'problem  %s was not started\n' "$server" >&2 ;;
      *) printf 'problem  %s is not well (%s): make logs SERVICE=%s\n' "$server" "$state" "$server" >&2 ;;
    esac
  done
  fail 'The stack did not start. Fix what is named above, and run make start again; what runs already stays.'
}

set_up() {
  compose --progress quiet run --rm --quiet-pull setup || fail 'Topics, index and dashboard are not made: the lines above say why. Then: make start again'
}

urls() {
  local name
  for name in KIBANA_URL MINIO_CONSOLE_URL ELASTICSEARCH_PUBLIC_URL; do
    printf '  %-15s %s\n' "$(label $name)" "$(./setup-environment.sh --get $name)"
  done
  printf '  %-15s localhost:%s\n' Kafka "$(./setup-environment.sh --get KAFKA_PORT)"
  if runs spark-connect; then
    printf '  %-15s http://localhost:%s\n' Spark "$(./setup-environment.sh --get SPARK_UI_PORT)"
    printf '  %-15s localhost:%s; its token: docker compose exec spark-connect cat /run/spark-user/token\n' 'Spark Connect' \
      "$(./setup-environment.sh --get SPARK_CONNECT_PORT)"
  fi
  echo '  The login at MinIO is MINIO_ROOT_USER and MINIO_ROOT_PASSWORD of .env.local; the others ask for none.'
}

label() {
  case $1 in
    KIBANA_URL) echo Kibana ;;
    MINIO_CONSOLE_URL) echo 'MinIO console' ;;
    ELASTICSEARCH_PUBLIC_URL) echo Elasticsearch ;;
  esac
}

# stop_jobs: Compose stops services, and not what `run` started.
stop_jobs() {
  docker ps --quiet --filter "label=com.docker.compose.project=${COMPOSE_PROJECT_NAME:-eventlake}" \
    --filter label=com.docker.compose.oneoff=True | while read -r job; do docker stop --time 60 "$job" >/dev/null; done
}

clean() {
  local answer=no
  if [ "${1:-}" = --yes ]; then
    answer=yes
  elif [ -t 0 ]; then
    printf 'This deletes the stack with all its data: the events in Kafka, the lake in MinIO, the index, the tables in PostgreSQL and the dashboards. Delete it all? [y/N] '
    read -r answer
  fi
  case $answer in
    y | Y | yes) ;;
    *) fail 'Nothing was deleted. To delete without a question: make clean YES=1' ;;
  esac
  stop_jobs
  compose down --volumes --remove-orphans || exit 1
  echo 'The stack and its data are gone; data/, .env.local and what was made without Docker are still there.'
}

# need_engine: Spark is there, where it is the engine.
need_engine() {
  if [ "$(./setup-environment.sh --get ENGINE)" = spark ] && [ -z "$(./setup-environment.sh --get SPARK_REMOTE)" ]; then
    runs spark-connect || fail 'Spark does not run (spark-connect is missing): make start SPARK=1, or set SPARK_REMOTE'
  fi
}

# follow [DATASET | --off]: a processor that stays until it is ended or the stack is stopped.
follow() {
  need_stack
  if [ "${1:-}" = --off ]; then
    compose --progress quiet stop processor prometheus && echo 'No processor follows the log any more.'
    return
  fi
  need_engine
  DATASET=${1:-} compose --progress quiet up --detach --wait --wait-timeout 120 --no-deps processor ||
    fail 'The processor does not stay: make logs SERVICE=processor'
  echo 'A processor follows the log. What it does: make logs SERVICE=processor. To end it: make follow OFF=1'
}

# live [--off]: simulated readings, and their CSV file, until they are ended or the stack is stopped.
live() {
  need_stack
  if [ "${1:-}" = --off ]; then
    compose --progress quiet stop live-generator live-exporter && echo 'No readings are generated any more.'
    return
  fi
  compose --progress quiet up --detach --wait --wait-timeout 120 --no-deps live-generator live-exporter ||
    fail 'The readings do not flow: make logs SERVICE=live-generator, make logs SERVICE=live-exporter'
  echo 'Readings are generated and exported. To end it: ./stack.sh live --off'
  dashboard
}

monitoring() {
  need_stack
  ./setup-environment.sh --check PROMETHEUS_PORT >/dev/null || exit 1
  follow "$@"
  compose up --detach --wait --wait-timeout 300 --no-deps prometheus ||
    fail 'Prometheus did not start: make logs SERVICE=prometheus'
  printf '  %-15s http://localhost:%s/alerts\n' Prometheus "$(./setup-environment.sh --get PROMETHEUS_PORT)"
}

# dashboard [--off]: the page, which stays until it is ended or the stack is stopped.
dashboard() {
  need_stack
  if [ "${1:-}" = --off ]; then
    compose --progress quiet stop dashboard && echo 'The page is stopped.'
    return
  fi
  ./setup-environment.sh --check DASHBOARD_PORT >/dev/null || exit 1
  compose --progress quiet up --detach --wait --wait-timeout 120 --no-deps dashboard ||
    fail 'The page did not start: make logs SERVICE=dashboard'
  printf '  %-15s http://localhost:%s\n' 'The page' "$(./setup-environment.sh --get DASHBOARD_PORT)"
  case $(./setup-environment.sh --get DASHBOARD_HOST) in
    '' | 127.* | localhost | ::1) ;;
    *) echo '  It asks for a token: DASHBOARD_TOKEN, or the one that make logs SERVICE=dashboard shows.' ;;
  esac
}

# warehouse: PostgreSQL, beside the servers, until the stack is stopped.
warehouse() {
  need_stack
  ./setup-environment.sh --check WAREHOUSE_PORT >/dev/null || exit 1
  compose up --detach --wait --wait-timeout 300 postgres || fail 'PostgreSQL did not start: make logs SERVICE=postgres'
  printf '  %-15s localhost:%s, database warehouse\n' PostgreSQL "$(./setup-environment.sh --get WAREHOUSE_PORT)"
  echo '  To read it, the user is reader; the password: docker compose exec postgres cat /run/postgres-root/reader-password'
  echo 'A dataset that is published there is sent by: make process DATASET=...'
}

# health [OPTION ...]: PostgreSQL is asked only where it was started.
health() {
  local warehouse=
  need_stack
  ! runs postgres || warehouse=postgres
  eventlake health kafka minio elasticsearch $warehouse "$@"
}

# eventlake COMMAND ...: in a container of its own, beside the servers.
eventlake() {
  local service=processor
  need_stack
  case $1 in ingest | check-data | run) service=ingestion-service ;; esac
  case $1 in process | run) need_engine ;; esac
  # People read it, and Prometheus finds it by the service's name.
  compose run --rm --no-deps --quiet-pull --use-aliases --env LOG_FORMAT=text "$service" "$@"
}

# on_data COMMAND ...: in the image alone, without the servers; data/ may be written.
on_data() {
  need_docker
  compose --progress quiet build setup || fail 'The image of eventlake could not be built: the lines above say why. Is there a network?'
  docker run --rm --user "$(id -u):$(id -g)" --read-only --tmpfs /tmp --cap-drop ALL --security-opt no-new-privileges \
    --env EVENTLAKE_HOME=/tmp/home --volume "$PWD/data:/app/data" eventlake:local "$@"
}

command=${1:-}
[ $# -eq 0 ] || shift
case $command in
  start) start "$@" ;;
  urls)
    need_local
    urls
    [ -z "$(missing_server)" ] || echo 'It does not run at the moment: make start' >&2
    ;;
  on-data) on_data "$@" ;;
  is-up)
    [ -z "$(missing_server)" ] && exit
    [ ! -f .env.local ] || echo 'The stack does not run (make start); this is about the local files:' >&2
    exit 1
    ;;
  dashboards)
    need_stack
    set_up
    ;;
  follow) follow "$@" ;;
  live) live "$@" ;;
  dashboard) dashboard "$@" ;;
  monitoring) monitoring "$@" ;;
  warehouse) warehouse ;;
  health) health "$@" ;;
  logs)
    need_docker
    compose logs --follow --tail 100 "$@"
    ;;
  stop)
    need_docker
    stop_jobs
    compose stop && echo 'The stack is stopped; its data stays. To resume: make start'
    ;;
  clean)
    need_docker
    clean "$@"
    ;;
  '' | -*)
    echo "$usage" >&2
    [ "$command" = -h ] || [ "$command" = --help ] || exit 2
    ;;
  *) eventlake "$command" "$@" ;;
esac
