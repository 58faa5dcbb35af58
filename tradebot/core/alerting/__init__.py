"""What a person is alerted of."""
