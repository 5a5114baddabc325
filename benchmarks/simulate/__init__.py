"""This room stands in for a place with people, cameras and pins. Scenes, rates and seeds come in;
frames with known faces, and pins that note their edges, go out.
"""
