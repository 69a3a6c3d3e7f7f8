"""The public interface for programs: the same views as the pages, as JSON and CSV."""
