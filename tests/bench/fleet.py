"""The repository's fleet, seen from the bench: started with its own control group, perhaps behind a wire."""
import glob
import os
import re
import subprocess

import measure

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
PROGRAM = os.path.join(ROOT, 'target/release/examples/fleet')
PORT = '2222'


class Fleet:
    def __init__(self, count, wire=None):
        def prepare():
            measure.join(measure.SERVERS)
            if wire:
                wire.servers.enter()
        subprocess.run([PROGRAM, 'up', str(count)], check=True, stdout=subprocess.DEVNULL, preexec_fn=prepare)
        try:
            told = subprocess.run([PROGRAM, 'directory'], check=True, stdout=subprocess.PIPE, text=True, cwd=ROOT)
            self.files = told.stdout.rstrip('\n')
            self.config = os.path.join(self.files, 'client/ssh_config')
            self.key = os.path.join(self.files, 'client/id_ed25519')
            self.known_hosts = os.path.join(self.files, 'client/known_hosts')
            text = measure.read(self.config)
            self.hosts = re.findall(r'HostName (\S+)', text)
            self.names = re.findall(r'^Host (h\d+)$', text, re.M)
            with open(self.known_hosts, 'w') as file:
                for name, address in zip(self.names, self.hosts):
                    key = measure.read(self.path(name, 'etc/ssh/host_key.pub')).split()
                    file.write('[%s]:%s %s %s\n' % (address, PORT, key[0], key[1]))
        except BaseException:
            self.stop()
            raise

    def path(self, name, path):
        return os.path.join(self.files, 'hosts', name, path)

    def shared(self):
        """A directory that the servers see under the same path, read-only."""
        return os.path.join(self.files, 'sources')

    def clean(self):
        for name in ('ran', 'blob'):
            for path in glob.glob(self.path('*', 'tmp/' + name)):
                os.remove(path)

    def ran(self, count):
        return [measure.read(self.path(name, 'tmp/ran')).count('x') for name in self.names[:count]]

    def stop(self):
        subprocess.run([PROGRAM, 'down'], stdout=subprocess.DEVNULL, timeout=120)
