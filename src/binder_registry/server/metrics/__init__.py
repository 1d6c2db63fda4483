"""What a server tells of itself in numbers, for Prometheus and those who read its format."""
