"""What every admin page shares: buttons, long lists, and showing text from outside."""
