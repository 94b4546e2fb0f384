"""The past as a picture: described here, drawn in a child process whose memory goes with it."""
