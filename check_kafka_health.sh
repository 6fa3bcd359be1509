#!/bin/sh
# Asks each broker of KAFKA_BROKERS, by itself, whether it is well. Exits 0 when all are, 1 when one is not, 2 when the settings are wrong.
# Takes the options of `eventlake health`: ./check_kafka_health.sh --timeout 5
exec "$(dirname "$0")/cli/eventlake" health kafka "$@"
