"""Messages of the sandbox: posted, edited, kept, announced."""
