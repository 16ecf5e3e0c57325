"""What the solver is measured with: instances of any size, and the runs that time them."""
