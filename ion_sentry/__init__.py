"""The updater: brings services up to the template's newest version without losing their edits.

Git does the merging, cookiecutter the rendering; this package puts the two together.
"""
