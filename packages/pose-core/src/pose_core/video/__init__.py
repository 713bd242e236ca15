"""Videos: which frames (windows), who reads them (readers, pyav), and writing them."""
