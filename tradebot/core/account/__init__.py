"""What is held: the net folded from executions, and the broker's word beside it."""
