"""What Discord's cache tells outside commands: channels, who reads them, and our own rights."""
