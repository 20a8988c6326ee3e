"""The log in Apache Kafka: topics, the relay's writer, and the adapter of the port `Log`."""
