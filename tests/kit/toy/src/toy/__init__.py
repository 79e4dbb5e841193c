"""A project that fills the kit's six seams as plainly as they allow."""
