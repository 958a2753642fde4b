"""An error's way: its chain, whether it was reported, how grave it is, its event, the storm."""
