"""What a page needs to know, read in one go, as frozen rows."""
