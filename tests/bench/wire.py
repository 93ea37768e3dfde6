"""A wire of a given length between two network namespaces: every packet arrives half a round trip late, TCP's own included.

`python3 wire.py SECONDS TUN_A TUN_B` is the process that carries the packets until it is ended.
"""
import ctypes
import fcntl
import heapq
import os
import select
import struct
import subprocess
import sys
import time

ROUND_TRIP = 0.05
NEW_NETWORK = 0x40000000
LIBC = ctypes.CDLL(None, use_errno=True)
# Addresses that a fleet takes; the client's own is outside of them.
FLEET, CLIENT = ('127.96.0.0/11', '127.128.0.0/11'), '127.77.0.1'


def ip(*arguments, check=True):
    subprocess.run(['ip', *arguments], check=check, stderr=None if check else subprocess.DEVNULL)


def go_first():
    """Before everything else on this machine, for a process that is measured by the clock; its children as well."""
    try:
        # In turns: who spins for a lock must not keep its owner away for ever.
        os.sched_setscheduler(0, os.SCHED_RR, os.sched_param(1))
    except OSError:
        pass  # then the clock tells a little more


class Namespace:
    def __init__(self, name):
        self.name = name
        ip('netns', 'add', name)
        ip('-n', name, 'link', 'set', 'lo', 'up')

    def enter(self):
        go_first()
        descriptor = os.open('/run/netns/' + self.name, os.O_RDONLY)
        if LIBC.setns(descriptor, NEW_NETWORK):
            os._exit(99)
        os.close(descriptor)

    def connect(self, device, networks, source):
        """All of it stays in 127/8: what lies over the wire is told by the local table."""
        ip('link', 'set', device, 'netns', self.name)
        ip('-n', self.name, 'link', 'set', device, 'txqueuelen', '10000', 'up')
        for key, value in (('route_localnet', 1), ('rp_filter', 0), ('accept_local', 1)):
            for interface in ('all', device):
                path = '/proc/sys/net/ipv4/conf/%s/%s' % (interface, key)
                ip('netns', 'exec', self.name, 'sh', '-c', 'echo %d >%s' % (value, path))
        for network in networks:
            ip('-n', self.name, 'route', 'add', network, 'dev', device, 'src', source, 'table', 'local')

    def remove(self):
        ip('netns', 'del', self.name, check=False)


class Wire:
    """Use `client` and `servers` as the namespaces of the two ends."""

    def __init__(self, round_trip):
        number = os.getpid()
        devices = 'cbc%d' % number, 'cbs%d' % number
        self.carrier = subprocess.Popen([sys.executable, __file__, str(round_trip / 2), *devices],
                                        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, start_new_session=True)
        self.client = self.servers = None
        try:
            if self.carrier.stdout.readline() != b'ready\n':
                raise RuntimeError('no tun devices here')
            self.client = Namespace('capr-bench-client-%d' % number)
            self.servers = Namespace('capr-bench-servers-%d' % number)
            self.client.connect(devices[0], FLEET, CLIENT)
            self.servers.connect(devices[1], ('127.77.0.0/16',), '127.96.0.1')
        except BaseException:
            self.remove()
            raise

    def remove(self):
        self.carrier.kill()
        self.carrier.wait()
        for namespace in (self.client, self.servers):
            if namespace:
                namespace.remove()


def tun(name):
    descriptor = os.open('/dev/net/tun', os.O_RDWR | os.O_NONBLOCK)
    fcntl.ioctl(descriptor, 0x400454CA, struct.pack('16sH22x', name.encode(), 0x1001))  # TUNSETIFF: IFF_TUN, IFF_NO_PI
    return descriptor


def carry(delay, first, second):
    go_first()
    ends = tun(first), tun(second)
    other = {ends[0]: ends[1], ends[1]: ends[0]}
    print('ready', flush=True)
    due, count = [], 0
    while True:
        timeout = max(0.0, due[0][0] - time.perf_counter()) if due else None
        for end in select.select(ends, [], [], timeout)[0]:
            while True:
                try:
                    packet = os.read(end, 70000)
                except BlockingIOError:
                    break
                count += 1
                heapq.heappush(due, (time.perf_counter() + delay, count, other[end], packet))
        while due and due[0][0] <= time.perf_counter():
            _, _, end, packet = heapq.heappop(due)
            try:
                os.write(end, packet)
            except OSError:
                pass  # a wire may lose a packet


if __name__ == '__main__':
    carry(float(sys.argv[1]), *sys.argv[2:])
