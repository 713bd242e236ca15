"""What `pose-io-dlc check` looks for, one module per kind of thing, and what `--fix` puts right."""
