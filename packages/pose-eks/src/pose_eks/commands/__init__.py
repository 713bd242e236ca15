"""The subcommands of `pose-eks`, one module each."""
