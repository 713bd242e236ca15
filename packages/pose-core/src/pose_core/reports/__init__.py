"""What people read and watch: tables, plots, one self-contained page, labeled videos."""
