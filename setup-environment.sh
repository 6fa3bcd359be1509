#!/usr/bin/env bash
# Finds out where it runs, says in one line each what would keep the stack from starting, and writes to .env.local what it found:
# the environment, the addresses of the services and, once, random credentials for MinIO. May be run again at any time.
# Keeps to the bash 3.2 of macOS.
set -u
LC_ALL=C
export LC_ALL
cd "$(dirname "$0")" || exit 1

usage='usage: ./setup-environment.sh              check, and write .env.local
       ./setup-environment.sh --check [PORT_NAME]
                                           check, with one port more, and write nothing
       ./setup-environment.sh --get NAME   print a setting as docker compose would take it'

LOCAL=.env.local
STACK_PORTS='KAFKA_PORT MINIO_PORT MINIO_CONSOLE_PORT ELASTICSEARCH_PORT KIBANA_PORT'
# Below the first, Elasticsearch or Kibana is killed while it starts; the second holds the stack and one job.
LEAST_MEMORY=3000000000
ENOUGH_MEMORY=6000000000
# Where /proc is found: tests set it.
system_root=${SYSTEM_ROOT:-}

problems=0
ok() { printf 'ok       %s\n' "$1"; }
warning() { printf 'warning  %s\n' "$1" >&2; }
problem() {
  printf 'problem  %s\n' "$1" >&2
  problems=$((problems + 1))
}

# in_file NAME FILE: the value of the last line that sets NAME, without quotes and comment.
in_file() {
  [ -f "$2" ] || return 0
  sed -n -E "s/^[[:space:]]*(export[[:space:]]+)?$1[[:space:]]*=(.*)$/\\2/p" "$2" | tail -n 1 |
    sed -E -e 's/^[[:space:]]*"([^"]*)".*$/\1/' -e t -e "s/^[[:space:]]*'([^']*)'.*$/\\1/" -e t \
      -e 's/[[:space:]]+#.*$//' -e 's/^[[:space:]]+//' -e 's/[[:space:]]+$//'
}

# names_set: the names that the env file on stdin sets.
names_set() { sed -n -E 's/^[[:space:]]*(export[[:space:]]+)?([A-Z_]+)[[:space:]]*=.*$/\2/p'; }

# setting NAME: its value by the order of docker compose: shell, .env.local, .env.
setting() {
  local value=${!1:-}
  [ -n "$value" ] || value=$(in_file "$1" "$LOCAL")
  [ -n "$value" ] || value=$(in_file "$1" .env)
  printf '%s' "$value"
}

find_environment() {
  if [ "${CODESPACES:-}" = true ]; then
    echo codespaces
  elif [ "$(uname -s)" = Darwin ]; then
    echo macos
  elif [ "$(uname -s)" != Linux ]; then
    echo unknown
  elif grep -qi microsoft "$system_root/proc/version" 2>/dev/null; then
    echo wsl
  else
    echo linux
  fi
}

# What to do, in this environment, to get Docker, to start it, and to give it memory.
set_advice() {
  case $environment in
    codespaces)
      system="a Codespace"
      get_docker="rebuild the container (command palette: Codespaces: Rebuild Container)"
      start_docker="stop the Codespace and start it again"
      add_memory="choose a machine type with 8 GB or more"
      ;;
    wsl)
      system="WSL"
      get_docker="install Docker Desktop, and turn on Settings > Resources > WSL integration for this distribution"
      start_docker="start Docker Desktop and turn on its WSL integration, or, for an engine inside WSL: sudo service docker start"
      add_memory="set memory=6GB under [wsl2] in %UserProfile%\\.wslconfig on Windows, then run there: wsl --shutdown"
      ;;
    macos)
      system="macOS"
      get_docker="install Docker Desktop, https://docs.docker.com/desktop/setup/install/mac-install/"
      start_docker="start Docker Desktop"
      add_memory="raise it in Docker Desktop, Settings > Resources"
      ;;
    *)
      system="Linux"
      get_docker="install it, https://docs.docker.com/engine/install/"
      start_docker="sudo systemctl start docker"
      add_memory="close other programs, or use a machine with more"
      ;;
  esac
}

check_docker() {
  local memory error version
  if ! command -v docker >/dev/null 2>&1; then
    problem "Docker is not installed: $get_docker"
    return
  fi
  if ! memory=$(docker info --format '{{.MemTotal}}' 2>/dev/null) || [ "${memory:-0}" = 0 ]; then
    error=$(docker info 2>&1 >/dev/null)
    case $error in
      *"permission denied"*)
        problem "Docker does not let this user in: sudo usermod -aG docker \"\$USER\", then log out and in again" ;;
      *) problem "Docker is installed but not running: $start_docker" ;;
    esac
  elif [ "$memory" -lt "$LEAST_MEMORY" ] 2>/dev/null; then
    problem "Docker has $(gigabytes "$memory") GB of memory, too little for the stack, which wants 6: $add_memory"
  elif [ "$memory" -lt "$ENOUGH_MEMORY" ] 2>/dev/null; then
    warning "Docker has $(gigabytes "$memory") GB of memory and the stack wants 6; servers may be killed: $add_memory"
  else
    ok "Docker runs"
  fi
  version=$(docker compose version --short 2>/dev/null) || version=
  if [ -z "$version" ]; then
    problem "Docker Compose v2 is missing: install the package docker-compose-plugin, https://docs.docker.com/compose/install/"
  elif ! is_new_enough "${version#v}"; then
    problem "Docker Compose is version ${version#v}, and 2.17 is the oldest that will do: update Docker"
  else
    ok "Docker Compose ${version#v}"
  fi
}

gigabytes() { printf '%d.%d' $(($1 / 1000000000)) $(($1 % 1000000000 / 100000000)); }

# Before 2.17, Compose took only the last of several --env-file.
is_new_enough() {
  local major=${1%%.*} rest=${1#*.}
  local minor=${rest%%[!0-9]*}
  [ "$major" -gt 2 ] 2>/dev/null || { [ "$major" -eq 2 ] 2>/dev/null && [ "${minor:-0}" -ge 17 ]; }
}

# The ports that the stack itself holds already, one a line.
own_ports() {
  local id
  docker ps -q --filter "label=com.docker.compose.project=${COMPOSE_PROJECT_NAME:-eventlake}" 2>/dev/null |
    while read -r id; do docker port "$id"; done | sed -n 's/.*:\([0-9][0-9]*\)$/\1/p'
}

is_port() { [[ $1 =~ ^[1-9][0-9]{0,4}$ ]] && [ "$1" -le 65535 ]; }

check_ports() {
  local own name port seen=' '
  own=" $(own_ports 2>/dev/null | tr '\n' ' ') "
  for name in $STACK_PORTS; do
    port=$(setting "$name")
    if ! is_port "$port"; then
      problem "$name is \"$port\": set it to a port number, 1 to 65535, in .env or $LOCAL"
      continue
    fi
    case $seen in
      *" $port "*) problem "Port $port is given twice, the second time as $name: set it to another one in .env or $LOCAL" ;;
    esac
    seen="$seen$port "
    case $own in
      *" $port "*) continue ;;
    esac
    if (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null; then
      problem "Port $port is in use by another program: stop that program, or set $name to a free port in $LOCAL"
    fi
  done
}

url() {
  if [ "$environment" = codespaces ] && [ -n "${CODESPACE_NAME:-}" ]; then
    printf 'https://%s-%s.%s' "$CODESPACE_NAME" "$1" "${GITHUB_CODESPACES_PORT_FORWARDING_DOMAIN:-app.github.dev}"
  else
    printf 'http://localhost:%s' "$1"
  fi
}

# found NAME: what this machine's value of NAME is; nothing where the default will do.
found() {
  case $1 in
    ENVIRONMENT) printf '%s' "$environment" ;;
    KIBANA_URL) url "$(setting KIBANA_PORT)" ;;
    MINIO_CONSOLE_URL) url "$(setting MINIO_CONSOLE_PORT)" ;;
    ELASTICSEARCH_PUBLIC_URL) url "$(setting ELASTICSEARCH_PORT)" ;;
    COMPOSE_FILE) [ "$environment" != codespaces ] || printf 'docker-compose.yml:docker-compose.codespaces.yml' ;;
  esac
}
FOUND='ENVIRONMENT KIBANA_URL MINIO_CONSOLE_URL ELASTICSEARCH_PUBLIC_URL COMPOSE_FILE'

# The value stands in each written line twice: as soon as one of them differs, a user has changed it, and the line is the user's.
is_written_here() {
  local pattern='^([A-Z_]+)=(.*)  # found: (.*)$'
  [[ ${1%$'\r'} =~ $pattern ]] || return 1
  [ "${BASH_REMATCH[2]}" = "${BASH_REMATCH[3]}" ] || return 1
  case " $FOUND " in *" ${BASH_REMATCH[1]} "*) return 0 ;; esac
  return 1
}

# random BYTES: so many random bytes in hexadecimal, which needs no quoting anywhere.
random() { od -An -N "$1" -tx1 /dev/urandom | tr -d ' \n'; }

# credential NAME VALUE: a line for .env.local unless NAME has a value already.
credential() {
  [ -n "$(in_file "$1" "$LOCAL")$(in_file "$1" .env)" ] || printf '%s=%s\n' "$1" "$2"
}

# new_lines NAMES: what is to be added to .env.local when the user has set NAMES there.
new_lines() {
  local name value
  credential MINIO_ROOT_USER "admin-$(random 6)"
  credential MINIO_ROOT_PASSWORD "$(random 16)"
  credential MINIO_ACCESS_KEY "eventlake-$(random 5)"
  credential MINIO_SECRET_KEY "$(random 16)"
  credential KIBANA_ENCRYPTION_KEY "$(random 16)"
  for name in $FOUND; do
    value=$(in_file "$name" .env)
    # `local` in .env is the default, and asks to find out.
    [ -z "$value" ] || [ "$name=$value" = ENVIRONMENT=local ] || continue
    case " $1 " in *" $name "*) continue ;; esac
    value=$(found "$name")
    [ -z "$value" ] || printf '%s=%s  # found: %s\n' "$name" "$value" "$value"
  done
}

# Everything but the lines written here stays as it is, byte for byte and in its order; those are written again at the end.
write_local() {
  local before='' kept='' line added
  if [ -f "$LOCAL" ]; then
    before=$(cat "$LOCAL" && printf x) || exit 1
    before=${before%x}
    while IFS= read -r line; do
      is_written_here "$line" || kept=$kept$line$'\n'
    done <"$LOCAL"
    is_written_here "$line" || kept=$kept$line
  else
    kept='# What differs on this machine; git ignores this file. Credentials are made once, at random, and never changed.
# Lines with "found" follow the machine until you change their value, which then stays.
'
  fi
  added=$(new_lines "$(printf '%s' "$kept" | names_set | tr '\n' ' ')")
  if [ -n "$added" ]; then
    case $kept in '' | *$'\n') ;; *) kept=$kept$'\n' ;; esac
    kept=$kept$added$'\n'
  fi
  # Also one that was copied from elsewhere, or written by hand.
  if [ -f "$LOCAL" ]; then
    chmod go= "$LOCAL" || problem "$LOCAL holds passwords and others can read it: make yourself its owner, or delete it"
  fi
  [ "$kept" != "$before" ] || return 0
  umask 077
  if printf '%s' "$kept" >"$LOCAL.new" && mv "$LOCAL.new" "$LOCAL"; then
    ok "wrote $LOCAL"
  else
    rm -f "$LOCAL.new"
    problem "$LOCAL cannot be written: make this folder writable, and see that the disk is not full"
  fi
}

write=true
case $#:${1:-}:${2:-} in
  0::) ;;
  1:--check:) write=false ;;
  2:--check:*_PORT)
    write=false
    STACK_PORTS="$STACK_PORTS $2"
    ;;
  2:--get:*)
    printf '%s\n' "$(setting "$2")"
    exit
    ;;
  1:-h: | 1:--help:)
    echo "$usage"
    exit
    ;;
  *)
    echo "$usage" >&2
    exit 2
    ;;
esac

environment=$(find_environment)
if [ "$environment" = unknown ]; then
  problem "$(uname -s) is none of Linux, macOS and WSL: on Windows, install WSL (wsl --install) and run this inside it"
  exit 1
fi
set_advice
ok "this is $system"
if [ "$environment" = codespaces ] && [ -z "${CODESPACE_NAME:-}" ]; then
  warning "CODESPACE_NAME is not set, so addresses are those of localhost: open them from the PORTS tab"
fi
check_docker
check_ports
[ "$write" = false ] || write_local
if [ "$problems" -gt 0 ]; then
  echo 'The stack cannot start before that is fixed.' >&2
  exit 1
fi
[ "$write" = false ] || printf 'Kibana will be at %s\n' "$(setting KIBANA_URL)"
