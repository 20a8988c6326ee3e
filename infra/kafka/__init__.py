"""Apache Kafka: the topics, the log's reader and writer, and the inbox."""
