"""`make validity`: how valid the lifecycle stages are, measured on two shops and a made-up company.

Every figure is of published marts, and its interval says what it would have been with other
customers. Not here: what the stages are, which the models say, and whether the models do that,
which the tests say.
"""
