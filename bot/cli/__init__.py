"""The commands of the shell: one file each."""

EXIT_OK = 0
EXIT_CONFIG = 78  # EX_CONFIG: configuration or token refused; a supervisor must not restart
