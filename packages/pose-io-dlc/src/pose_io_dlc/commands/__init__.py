"""What the command `pose-io-dlc` does.

`info`, `check`, `convert` and `new` are its subcommands: `add_to` describes the options, `run` does
it. They import what they need when they run, so that `--help` is there at once. What they do is in
the modules beside them.
"""
