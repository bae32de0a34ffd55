"""Change data capture: the committed changes of rows, by a replication slot of its own."""
