"""What the verbs return: one line to print, a page in a notebook, tables, plots, JSON and files.

Each verb's own result stands beside the verb. These are the parts that several of them share.
"""
