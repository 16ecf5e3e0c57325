"""Allot places: reads an allocation problem, answers it, and checks the answer; knows numbers and ids, no names."""
