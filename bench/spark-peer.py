"""The peer of the engine Spark: the job that one writes after Spark's and Delta's guides. Kafka, Structured Streaming with a
checkpoint, from_json, Delta; then the customer model over the table. Prints what it did and took as one line of JSON."""

import json
import sys
import time

began = time.monotonic()

from pyspark.sql import SparkSession  # noqa: E402
from pyspark.sql.functions import col, date_format, from_json, to_timestamp  # noqa: E402

request = json.loads(sys.argv[1])
place = f"s3a://{request['bucket']}/peer"

spark = SparkSession.builder.appName("peer").getOrCreate()
spark.sparkContext.setLogLevel("ERROR")
spark.sql("SELECT count(*) FROM range(0, 10, 1, 1)").collect()
started = time.monotonic()

events = (
    spark.readStream.format("kafka")
    .option("kafka.bootstrap.servers", request["brokers"])
    .option("kafka.isolation.level", "read_committed")
    .option("subscribe", request["topic"])
    .option("startingOffsets", "earliest")
    .load()
    .select(from_json(col("value").cast("string"), request["schema"]).alias("event"), "partition", "offset", "timestamp")
    .select("event.*", "partition", "offset", "timestamp")
    .withColumn("event_time", to_timestamp("event_time", "yyyy-MM-dd HH:mm:ss 'UTC'"))
)
for name, type_name in request["casts"].items():
    events = events.withColumn(name, col(name).cast(type_name))
stream = (
    events.withColumn("event_month", date_format("event_time", "yyyy-MM"))
    .writeStream.format("delta")
    .partitionBy("event_month")
    .option("checkpointLocation", f"{place}/checkpoint")
    .trigger(availableNow=True)
    .start(f"{place}/events")
)
stream.awaitTermination()
archived = time.monotonic()

table = spark.read.format("delta").load(f"{place}/events")
table.createOrReplaceTempView("events")
spark.sql("SELECT max(event_time) AS last_event FROM events").createOrReplaceTempView("dataset")
for model in request["models"]:
    spark.sql(model["sql"]).write.format("delta").mode("overwrite").save(f"{place}/{model['table']}")
    spark.read.format("delta").load(f"{place}/{model['table']}").createOrReplaceTempView(model["table"])
modelled = time.monotonic()

found = spark.sql(f"SELECT count(*) AS n, CAST(sum(total_spent) AS STRING) AS spent FROM {request['models'][-1]['table']}").first()
print(
    json.dumps(
        {
            "start": started - began,
            "archive": archived - started,
            "model": modelled - archived,
            "events": table.count(),
            "profiles": found["n"],
            "spent": found["spent"],
        }
    )
)
spark.stop()
