"""The words of OpenAlgo's HTTP and websocket, and what they mean to us. Pure."""
