"""The paper broker: simulated or live prices, simulated fills."""
