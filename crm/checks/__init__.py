"""Is what arrives, and what is to be published, plausible?"""
