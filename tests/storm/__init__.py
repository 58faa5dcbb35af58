"""The real daemon and the fake OpenAlgo server in a storm of every fault the server has."""
