"""The present: what is shown, how it is written to and kept up, and the newest changes for those who follow."""
