"""Lists: how one is asked for, how names are ordered, which of its rows stand on a page."""
