import os, sys
from fabric import ThreadingGroup
hosts = open(os.environ['HOSTS_FILE']).read().split()
g = ThreadingGroup(*hosts, user='deploy', port=int(os.environ['PORT']),
                   connect_kwargs=dict(key_filename=os.environ['KEY'], allow_agent=False, look_for_keys=False))
what = sys.argv[1]
if what == 'one': g.run(os.environ['CMD'])
elif what == 'ten':
    for _ in range(10): g.run(os.environ['CMD'])
elif what == 'send': g.put(os.environ['FILE'], os.environ['DEST'])
g.close()
