"""The websocket: connections, what has fallen silent on them, and quotes meanwhile."""
