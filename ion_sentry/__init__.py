"""The toolbox: brings services up to the template's newest version without losing their edits.

Git does the merging, cookiecutter the rendering; this package puts the two together. It also runs
the standard's tests against services.
"""
