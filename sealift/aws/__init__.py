"""The only place that talks to AWS: the table of operations, the gateway that sends them, the readers that list
resources.
"""
