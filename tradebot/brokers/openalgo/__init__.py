"""OpenAlgo 2.0.2: one server in front of many brokers, over HTTP and a websocket.

Facts about it carry their source in comments: [W] seen on the wire of the unmodified
server, [S] read in its source, [I] a public issue of its project.
"""
