import os
from pyinfra.operations import files
files.put(name='send', src=os.environ['FILE'], dest=os.environ['DEST'])
