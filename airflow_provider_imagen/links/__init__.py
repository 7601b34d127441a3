"""Links from a task instance to Google's pages."""
