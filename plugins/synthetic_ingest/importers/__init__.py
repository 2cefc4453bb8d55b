"""The formats that ingest reads by itself, one file each; other plugins bring more (`register_importers`)."""
