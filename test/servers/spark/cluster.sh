#!/usr/bin/env bash
# A standalone master, a worker and a Connect server in the foreground, all in this process's group: when one ends, all do.
# SPARK_HOME and SPARK_CONF_DIR say where they and their settings are.
set -uo pipefail
folder=$1 master_port=$2
export SPARK_LOCAL_IP=127.0.0.1 SPARK_WORKER_DIR=$folder/work SPARK_LOCAL_DIRS=$folder/local TZ=UTC
master=spark://127.0.0.1:$master_port
# The group gets the signal; this process, by which it is known, ends last.
trap : TERM

# The Connect server would take SPARK_DAEMON_MEMORY for its own heap.
SPARK_DAEMON_MEMORY=128m "$SPARK_HOME/bin/spark-class" org.apache.spark.deploy.master.Master --host 127.0.0.1 --port "$master_port" --webui-port 0 &
SPARK_DAEMON_MEMORY=128m "$SPARK_HOME/bin/spark-class" org.apache.spark.deploy.worker.Worker "$master" --cores 4 --memory 2400m --webui-port 0 &
"$SPARK_HOME/bin/spark-submit" --class org.apache.spark.sql.connect.service.SparkConnectServer --master "$master" &
wait -n
kill 0
wait
