"""The stand-in's messages: posted, edited, kept, told to those who listen."""
