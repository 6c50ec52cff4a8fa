"""What all data sets share: from records of images to data lists."""
