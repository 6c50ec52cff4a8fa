"""The MONAI Label app: training on the labeled and the unlabeled images of a clinic's datastore, and serving.

``python -m monai_ssl.label`` starts a server; see ``docs/monai_label.md``. Only the modules that MONAI Label itself
loads import it: :mod:`~monai_ssl.label.app`, ``server`` and the tasks.
"""
