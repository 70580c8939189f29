"""Where files are kept: a private bucket, or a local folder for machines without one."""
