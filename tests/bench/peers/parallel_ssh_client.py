import os, sys
from pssh.clients import ParallelSSHClient
hosts = open(os.environ['HOSTS_FILE']).read().split()
c = ParallelSSHClient(hosts, user='deploy', port=int(os.environ['PORT']), pkey=os.environ['KEY'],
                      pool_size=max(10, len(hosts)), allow_agent=False, num_retries=1, timeout=120)
def one(show):
    out = c.run_command(os.environ['CMD'])
    if show:
        for h in out:
            for line in h.stdout: print('[%s] %s' % (h.host, line))
    c.join(out)
    if any(h.exit_code for h in out): sys.exit(1)
what = sys.argv[1]
if what == 'one': one(True)
elif what == 'ten':
    for _ in range(10): one(False)
elif what in ('send', 'scp'):
    from gevent import joinall
    f = c.copy_file if what == 'send' else c.scp_send
    joinall(f(os.environ['FILE'], os.environ['DEST']), raise_error=True)
