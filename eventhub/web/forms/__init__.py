"""What is typed in, from the page to a value of the trade."""
