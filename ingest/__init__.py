"""From a publisher's file to a vintage: fetch, snapshot, parse, load, schedule."""
