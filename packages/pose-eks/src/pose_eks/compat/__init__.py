"""What other programs compute, number for number, for those who move over."""
