import asyncio, os, sys, asyncssh
hosts = open(os.environ['HOSTS_FILE']).read().split()
async def main(what):
    key = asyncssh.read_private_key(os.environ['KEY'])
    kh = asyncssh.read_known_hosts(os.environ['KNOWN_HOSTS'])
    def connect(h, tunnel=()):
        return asyncssh.connect(h, int(os.environ['PORT']), username='deploy', client_keys=[key], known_hosts=kh, config=None,
                                agent_path=None, connect_timeout=120, login_timeout=120, tunnel=tunnel)
    gateway = os.environ['GATEWAY']
    tunnel = await connect(gateway) if gateway else ()
    cs = await asyncio.gather(*(connect(h, tunnel) for h in hosts))
    async def one(h, c):
        r = await c.run(os.environ['CMD'], check=True)
        if r.stdout: sys.stdout.write(''.join('[%s] %s' % (h, l) for l in r.stdout.splitlines(True)))
    if what == 'send':
        await asyncio.gather(*(asyncssh.scp(os.environ['FILE'], (c, os.environ['DEST'])) for c in cs))
    else:
        for _ in range(10 if what == 'ten' else 1):
            await asyncio.gather(*(one(h, c) for h, c in zip(hosts, cs)))
    for c in cs: c.close()
    await asyncio.gather(*(c.wait_closed() for c in cs))
asyncio.run(main(sys.argv[1]))
