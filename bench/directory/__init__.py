"""The directory at the size of all administrations: made people, searches built from them, figures on both engines."""
