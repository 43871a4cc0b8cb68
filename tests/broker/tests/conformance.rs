//! The conformance suite on Apache Kafka and on the dev broker.

wasmill_broker::conformance_tests!();
