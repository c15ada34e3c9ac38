"""The frame core: from a camera's frames to one decision a visit, on one small processor.

It knows no web page and no store, and of policy only how to ask for a permit before a template is computed.
"""
