"""The rules for arguments, as sentences about what is wrong."""
