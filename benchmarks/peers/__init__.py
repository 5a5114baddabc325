"""This room runs other ways to tell smiles on the frames and faces of this project's own path.
Scenes and pictures come in; a ``Peer`` with speed, memory and accuracy goes out for each way.
"""
