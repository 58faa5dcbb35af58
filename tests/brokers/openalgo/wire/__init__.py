"""OpenAlgo's words, against samples of what its server says."""
