"""Tables as their files have them, CSV, H5 and Parquet alike, before anyone asks what they mean."""
