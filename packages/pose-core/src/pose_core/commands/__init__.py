"""The subcommands of `pose`, one file each: what it takes, and what it runs."""
