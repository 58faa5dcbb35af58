"""What people and files write, and the values that it stands for."""
