"""Architecture search: a weight-sharing supernet, measured block latencies, evolution."""
