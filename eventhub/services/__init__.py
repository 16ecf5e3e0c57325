"""What can be done: each function is one transaction, and services are the only writers."""
