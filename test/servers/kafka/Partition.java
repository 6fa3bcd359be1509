import java.io.BufferedInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import org.apache.kafka.clients.producer.internals.BuiltInPartitioner;

/**
 * Prints, for every key on standard input (one per line, taken as raw bytes), the partition that Kafka's Java producer
 * chooses for a record with that key.
 *
 *   java -cp '<folder of the Kafka jars>/*' services/kafka/Partition.java PARTITIONS < keys
 */
public final class Partition {
    public static void main(String[] arguments) throws IOException {
        int partitions = Integer.parseInt(arguments[0]);
        BufferedInputStream in = new BufferedInputStream(System.in);
        PrintStream out = new PrintStream(System.out, false);
        ByteArrayOutputStream key = new ByteArrayOutputStream();
        for (int b = in.read(); b != -1; b = in.read()) {
            if (b != '\n') {
                key.write(b);
                continue;
            }
            out.println(BuiltInPartitioner.partitionForKey(key.toByteArray(), partitions));
            key.reset();
        }
        if (key.size() > 0) {
            out.println(BuiltInPartitioner.partitionForKey(key.toByteArray(), partitions));
        }
        out.flush();
    }
}
