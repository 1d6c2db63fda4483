"""Other people's lists of environments as templates, and back. Pure: no file is read and nothing is sent."""
