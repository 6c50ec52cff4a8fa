"""A folder of images with a CSV of labels, with masks, or with both."""
