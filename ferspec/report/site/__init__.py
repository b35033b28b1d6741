"""The site: tables, cells and figures of the paper as static pages, from published and measured results."""
