"""What people see on Discord: one file per surface."""
