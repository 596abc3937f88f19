"""Know from outside what a process has in hand: its board, and the deaths that documents caused."""
