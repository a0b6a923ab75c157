"""The demonstration: the whole system on one machine, seen through the doors that users have."""
