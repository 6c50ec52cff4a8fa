"""A datastore that is a folder of pictures."""


class Folder:
    """A datastore in memory of its names, whose labels other than the final ones are not to be asked for."""

    def __init__(self, folder, finals, info=None):
        self.folder, self.finals, self.info = folder, finals, info or {}

    def list_images(self):
        return sorted(path.stem for path in self.folder.glob("*.png"))

    def get_unlabeled_images(self):
        return [name for name in self.list_images() if name not in self.finals]

    def get_image_uri(self, image_id):
        return str(self.folder / f"{image_id}.png")

    def get_image_info(self, image_id):
        return self.info.get(image_id, {})

    def get_label_by_image_id(self, image_id, tag):
        assert tag == "final"
        return image_id if image_id in self.finals else ""

    def get_label_uri(self, label_id, label_tag):
        assert label_tag == "final"
        return str(self.finals[label_id])
