"""Membership lists to Turtle: read, clean, match, write, and account for every row."""
