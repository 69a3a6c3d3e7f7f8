"""The knowledge library: typed entries in Markdown with strict front matter."""
