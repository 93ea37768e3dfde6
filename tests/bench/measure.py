"""One run of one client: wall, CPU of the client with its children, CPU of the servers, memory.

Control groups (version 1, as root) count what belongs to whom. Without them the client's figures come from wait4, which misses
what it leaves in the background, and the servers' are unknown.
"""
import os
import signal
import subprocess
import threading
import time

CPU, MEMORY = '/sys/fs/cgroup/cpuacct', '/sys/fs/cgroup/memory'
GROUPS = os.access(CPU, os.W_OK) and os.path.exists(CPU + '/cpuacct.usage')
CLIENT, SERVERS = 'capr-bench-%d' % os.getpid(), 'capr-bench-servers-%d' % os.getpid()


def read(path, default=''):
    try:
        with open(path) as file:
            return file.read()
    except OSError:
        return default


def cpu(group=''):
    return int(read('%s/%s/cpuacct.usage' % (CPU, group), '0') or 0) / 1e9


def members(group):
    return [int(pid) for pid in read('%s/%s/cgroup.procs' % (CPU, group)).split()]


def join(group):
    """For a child before it becomes the program."""
    for hierarchy in (CPU, MEMORY):
        if GROUPS and os.path.isdir('%s/%s' % (hierarchy, group)):
            with open('%s/%s/cgroup.procs' % (hierarchy, group), 'w') as file:
                file.write(str(os.getpid()))


def make_groups():
    if GROUPS:
        for hierarchy, group in ((CPU, CLIENT), (CPU, SERVERS), (MEMORY, CLIENT)):
            os.makedirs('%s/%s' % (hierarchy, group), exist_ok=True)


def remove_groups():
    for hierarchy, group in ((CPU, CLIENT), (CPU, SERVERS), (MEMORY, CLIENT)):
        for _ in range(50):
            try:
                os.rmdir('%s/%s' % (hierarchy, group))
                break
            except FileNotFoundError:
                break
            except OSError:
                time.sleep(0.1)


class Sampler(threading.Thread):
    """Most anonymous memory that all processes of the client had together, in MiB."""

    def __init__(self):
        super().__init__(daemon=True)
        self.peak, self.over = 0.0, threading.Event()

    def run(self):
        while not self.over.wait(0.01):
            for line in read('%s/%s/memory.stat' % (MEMORY, CLIENT)).splitlines():
                if line.startswith('total_rss '):
                    self.peak = max(self.peak, int(line.split()[1]) / 2**20)


def end_leftovers():
    for number in (signal.SIGTERM, signal.SIGKILL):
        for pid in members(CLIENT):
            try:
                os.kill(pid, number)
            except OSError:
                pass
        for _ in range(50):
            if not members(CLIENT):
                return
            time.sleep(0.02)


def run(arguments, environment, directory, namespace=None, timeout=180):
    """Runs it; a dictionary of figures, with `failed` where it did not do its work."""
    out, err = os.path.join(directory, 'out'), os.path.join(directory, 'err')
    reader, writer = os.pipe()

    def prepare():
        join(CLIENT)
        if namespace:
            namespace.enter()
        # Joining a group takes some milliseconds, which are not the client's.
        os.write(writer, b'%.9f' % time.perf_counter())

    sampler = Sampler()
    sampler.start()
    before, servers, everything, own = cpu(CLIENT), cpu(SERVERS), cpu(), time.process_time()
    with open(out, 'wb') as stdout, open(err, 'wb') as stderr:
        child = subprocess.Popen(arguments, stdin=subprocess.DEVNULL, stdout=stdout, stderr=stderr, env=environment,
                                 cwd=directory, preexec_fn=prepare, start_new_session=True)
    timer = threading.Timer(timeout, lambda: os.killpg(child.pid, signal.SIGKILL))
    timer.start()
    _, status, usage = os.wait4(child.pid, 0)
    end = time.perf_counter()
    child.returncode = os.waitstatus_to_exitcode(status)
    timer.cancel()
    begin = float(os.read(reader, 64))
    os.close(reader)
    os.close(writer)
    wall = end - begin
    client = cpu(CLIENT) - before if GROUPS else usage.ru_utime + usage.ru_stime
    in_wall = cpu(SERVERS) - servers
    others = max(0.0, cpu() - everything - client - in_wall - (time.process_time() - own))
    sampler.over.set()
    if GROUPS:
        end_leftovers()
    figures = {'wall': wall, 'client': client, 'memory': sampler.peak if GROUPS else usage.ru_maxrss / 1024,
               'servers': in_wall, 'others': others / (wall * os.cpu_count()) if GROUPS else 0.0, 'failed': None}
    if child.returncode:
        said = (read(err)[-300:] or read(out)[-300:]).strip().replace('\n', ' ')
        figures['failed'] = 'exit status %d: %s' % (child.returncode, said)
    return figures


def settle():
    """Lets the servers finish with the connections, so that they do not count in the next run."""
    for _ in range(100):
        before = cpu(SERVERS)
        time.sleep(0.05)
        if not GROUPS or cpu(SERVERS) - before < 0.001:
            return
