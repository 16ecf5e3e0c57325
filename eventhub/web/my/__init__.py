"""What members, guardians and officers do for themselves and their own."""
