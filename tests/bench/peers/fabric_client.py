import os, sys
from fabric import Connection, ThreadingGroup
hosts = open(os.environ['HOSTS_FILE']).read().split()
how = dict(user='deploy', port=int(os.environ['PORT']),
           connect_kwargs=dict(key_filename=os.environ['KEY'], allow_agent=False, look_for_keys=False))
gateway = os.environ['GATEWAY']
if gateway:
    gateway = Connection(gateway, **how)
    # Its threads must not open it all at once.
    gateway.open()
    how.update(gateway=gateway)
g = ThreadingGroup(*hosts, **how)
what = sys.argv[1]
if what == 'one': g.run(os.environ['CMD'])
elif what == 'ten':
    for _ in range(10): g.run(os.environ['CMD'])
elif what == 'send': g.put(os.environ['FILE'], os.environ['DEST'])
g.close()
