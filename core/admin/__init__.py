"""What every admin page shares: buttons, quick lists and safe display."""
