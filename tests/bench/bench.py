#!/usr/bin/env python3
"""Measures capr, and the other clients that are installed, on servers of this machine (as root).

  scripts/bench                     capr alone: start-up, loading, 100 servers, 50 ms of round trip
  scripts/bench --peers             the other clients beside it
  scripts/bench WORK...             only this: start, load, one-COUNT, ten-COUNT, output-COUNT, send-COUNT, memory-COUNT,
                                    wire-COUNT (one-100: one command on 100 servers; ten: ten, one after the other)
  scripts/bench --full              all that docs/performance.md shows
  scripts/bench --install           installs the other clients (apt, and pip into target/bench-venv)
Options: --repeat COUNT, --clients NAME,NAME. Take ratios within one run, not seconds: docs/performance.md.
"""
import argparse
import os
import re
import shutil
import statistics
import subprocess
import sys
import tempfile

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

import clients  # noqa: E402
import fleet  # noqa: E402
import measure  # noqa: E402
import wire  # noqa: E402

HERE = os.path.dirname(os.path.abspath(__file__))
CAPR = os.path.join(fleet.ROOT, 'target/release/capr')
USUAL = ['start', 'load', 'ten-100', 'wire-1']
FULL = ['start', 'load', 'one-100', 'ten-100', 'one-200', 'ten-200', 'output-10', 'send-10', 'memory-500', 'wire-1', 'wire-10']
ROUND_TRIP = 0.05
MOST_SERVERS = 250


def environment(directory, here, count, command):
    """What the lines of clients.py see; `here` is the fleet, or None."""
    values = {
        'PATH': os.environ.get('PATH', '/usr/bin:/bin'), 'HOME': directory, 'LANG': 'C.UTF-8', 'TERM': 'dumb', 'T': directory,
        'PYTHONDONTWRITEBYTECODE': '1',
        'N': str(count), 'CMD': command, 'PEERS': os.path.join(HERE, 'peers'), 'VENV': clients.VENV, 'CAPR': CAPR,
        'RECIPE': os.path.join(HERE, 'bench.rhai'), 'FLIPPER': os.path.join(fleet.ROOT, 'scripts/flipper.rhai'),
        'FILE': os.path.join(fleet.ROOT, 'target/bench-64MiB'), 'DEST': '/tmp/blob', 'PORT': fleet.PORT,
    }
    if here:
        # More servers than the fleet has: the rest are second names of the same, with sessions of their own.
        hosts = (here.hosts + here.names)[:count]
        with open(directory + '/hosts', 'w') as file:
            file.write('\n'.join(hosts) + '\n')
        mux = '  ControlMaster auto\n  ControlPath %s/%%C\n  ControlPersist 60\n' % directory
        with open(directory + '/mux', 'w') as file:
            file.write(measure.read(here.config) + mux)
        values.update(HOSTS_FILE=directory + '/hosts', SERVERS=' '.join(hosts), CONFIG=here.config, MUX=directory + '/mux',
                      KEY=here.key, KNOWN_HOSTS=here.known_hosts, CAPR_SSH_CONFIG=here.config)
    return values


def once(line, here=None, count=1, command='true', namespace=None):
    directory = tempfile.mkdtemp(prefix='cb', dir='/dev/shm' if os.path.isdir('/dev/shm') else None)
    try:
        values = environment(directory, here, count, command)
        result = measure.run(['bash', '-c', line], values, directory, namespace)
        result['out'] = sum(os.path.getsize(directory + name) for name in ('/out', '/err'))
        logins = re.findall(r'connected in (\d+)ms', measure.read(directory + '/err')) if '$CAPR' in line else []
        result['login'] = max((int(login) / 1000 for login in logins), default=0.0)
        if here:
            measure.settle()
        return result
    finally:
        shutil.rmtree(directory, ignore_errors=True)


def check(work, line, here, count, namespace):
    """Whether the client does what it is measured for."""
    if work not in ('one', 'ten'):
        return None
    here.clean()
    result = once(line, here, count, 'echo x >>/tmp/ran', namespace)
    times = 10 if work == 'ten' else 1
    wanted = [times * (1 + (index + len(here.hosts) < count)) for index in range(min(count, len(here.hosts)))]
    if not result['failed'] and here.ran(count) != wanted:
        result['failed'] = 'it did not run %d times on every server' % times
    return result['failed']


def compare(title, work, options, here=None, count=1, command='true', namespace=None):
    """Clients take turns, so that what else the machine does meets all alike. Prints and returns medians."""
    chosen, notes = {}, []
    for name, lines in clients.CLIENTS.items():
        if work not in lines or (name != 'capr' and not options.peers) or (options.clients and name not in options.clients):
            continue
        if not clients.is_installed(name):
            notes.append('%s is not installed' % name)
            continue
        failed = check(work, lines[work], here, count, namespace)
        if failed:
            notes.append('%s fails: %s' % (name, failed))
        else:
            chosen[name] = lines[work]
    runs = {name: [] for name in chosen}
    for _ in range(options.repeat):
        for name, line in chosen.items():
            result = once(line, here, count, command, namespace)
            size = os.path.getsize(os.path.join(fleet.ROOT, 'target/bench-64MiB')) if work == 'send' else 0
            if work == 'output' and result['out'] < count << 20:
                result['failed'] = result['failed'] or 'output is missing'
            if work == 'send':
                sizes = [os.path.getsize(p) if os.path.exists(p := here.path(n, 'tmp/blob')) else 0 for n in here.names[:count]]
                if sizes != [size] * count:
                    result['failed'] = result['failed'] or 'the file is not whole everywhere'
                here.clean()
            if result['failed']:
                notes.append('%s failed in a run: %s' % (name, result['failed']))
            else:
                runs[name].append(result)
    medians = {name: {key: statistics.median(run[key] for run in some) for key in ('wall', 'client', 'servers', 'memory', 'others', 'login')}
               for name, some in runs.items() if some}
    print('\n### %s\n' % title)
    table(medians)
    for note in notes:
        print('- %s' % note)
    sys.stdout.flush()
    return medians


def table(medians):
    base = medians.get('capr')
    print('| client | wall s | × capr | client CPU s | × capr | servers CPU s | memory MiB | others\' CPU |')
    print('|---|--:|--:|--:|--:|--:|--:|--:|')
    for name, row in sorted(medians.items(), key=lambda item: item[1]['client']):
        wall, cpu = (('%.2f' % (row[key] / base[key]) if base and base[key] else '') for key in ('wall', 'client'))
        print('| %s | %.3f | %s | %.4f | %s | %.2f | %.0f | %.0f%% |' % (
            name, row['wall'], wall, row['client'], cpu, row['servers'], row['memory'], 100 * row['others']))


def recipe(tasks):
    """Five lines a task."""
    return ''.join('desc "Task %d";\ntask :t%d, :roles => :app {\n    let word = `task ${application} %d`;\n    run `echo ${word}`;\n}\n'
                   % (number, number, number) for number in range(tasks))


def load(options):
    """Loading of large recipes: CPU, and how it grows."""
    figures = {}
    for tasks in (0, 1000, 2000, 4000):
        with tempfile.NamedTemporaryFile('w', suffix='.rhai') as file:
            file.write('set :application, "flipper";\nrole :app, "app1.capistrano.com";\n' + recipe(tasks))
            file.flush()
            line = '$CAPR %s -T >/dev/null' % file.name
            figures[tasks] = statistics.median(once(line)['client'] for _ in range(options.repeat * 3))
    print('\n### Loading a recipe and listing its tasks\n\n| tasks | lines | client CPU ms | µs per line |\n|--:|--:|--:|--:|')
    for tasks, seconds in figures.items():
        per_line = '%.1f' % (1e6 * (seconds - figures[0]) / (5 * tasks)) if tasks else ''
        print('| %d | %d | %.1f | %s |' % (tasks, 5 * tasks, 1e3 * seconds, per_line))
    sys.stdout.flush()


def over_wire(count, options):
    line = wire.Wire(ROUND_TRIP)
    try:
        here = fleet.Fleet(count, line)
        try:
            title = '%s, %d server%s, 50 ms of round trip'
            one = compare(title % ('One command', count, 's' * (count > 1)), 'one', options, here, count, namespace=line.client)
            ten = compare(title % ('Ten commands', count, 's' * (count > 1)), 'ten', options, here, count, namespace=line.client)
        finally:
            here.stop()
    finally:
        line.remove()
    print('\n| client | round trips of one command with all before it | for each further command |\n|---|--:|--:|')
    for name in one:
        if name in ten:
            further = (ten[name]['wall'] - one[name]['wall']) / 9 / ROUND_TRIP
            print('| %s | %.2f | %.2f |' % (name, one[name]['wall'] / ROUND_TRIP, further))
    if 'capr' in one:
        print('\nRound trips of the slowest login, as capr reports it: %.2f' % (one['capr']['login'] / ROUND_TRIP))
    sys.stdout.flush()


def work_with(here, kind, count, options):
    if kind == 'one':
        compare('One command on each of %d servers' % count, 'one', options, here, count)
    elif kind == 'ten':
        compare('Ten commands, one after the other, on each of %d servers' % count, 'ten', options, here, count)
    elif kind == 'output':
        path = os.path.join(here.shared(), 'lines')
        with open(path, 'w') as file:
            file.writelines('%08d the quick brown fox jumps over the lazy dog 0123456789\n' % number for number in range(16500))
        compare('1 MiB of lines from each of %d servers' % count, 'output', options, here, count, 'cat ' + path)
    elif kind == 'send':
        path = os.path.join(fleet.ROOT, 'target/bench-64MiB')
        if not os.path.exists(path):
            with open(path, 'wb') as file:
                file.write(os.urandom(64 << 20))
        compare('A file of 64 MiB to each of %d servers' % count, 'send', options, here, count)
    elif kind == 'memory':
        only = argparse.Namespace(**{**vars(options), 'peers': False})
        none = once(clients.CLIENTS['capr']['one'], here, 1)
        rows = compare('One command on each of %d servers, memory' % count, 'one', only, here, count, 'sleep 1')
        if 'capr' in rows:
            print('\nMemory per server: %.0f KiB' % ((rows['capr']['memory'] - none['memory']) * 1024 / (count - 1)))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('work', nargs='*', metavar='WORK')
    parser.add_argument('--peers', action='store_true')
    parser.add_argument('--full', action='store_true')
    parser.add_argument('--install', action='store_true')
    parser.add_argument('--clients', type=lambda text: text.split(','))
    parser.add_argument('--repeat', type=int, default=5)
    options = parser.parse_args()
    if options.install:
        subprocess.run(['apt-get', 'install', '-y', '--no-install-recommends', *clients.PACKAGES], check=True)
        subprocess.run([sys.executable, '-m', 'venv', clients.VENV], check=True)
        subprocess.run([clients.VENV + '/bin/pip', 'install', '-q', *clients.MODULES], check=True)
        return
    if os.geteuid():
        sys.exit('bench: the local fleet needs root')
    options.peers = options.peers or options.full or bool(options.clients)
    wanted = [entry.partition('-') for entry in options.work or (FULL if options.full else USUAL)]
    for kind, _, count in wanted:
        counted = kind in ('one', 'ten', 'output', 'send', 'memory', 'wire')
        if kind not in ('start', 'load') and not (counted and count.isdigit() and int(count) > 0):
            parser.error('no such work: %s-%s' % (kind, count))
    subprocess.run(['cargo', 'build', '--quiet', '--release', '--bin', 'capr', '--example', 'fleet'], cwd=fleet.ROOT, check=True)
    measure.make_groups()
    here = None
    try:
        for kind, _, count in wanted:
            count = int(count or 1)
            if here and (kind == 'wire' or min(count, MOST_SERVERS) > len(here.hosts)):
                here.stop()
                here = None
            if kind == 'start':
                compare('Telling the version', 'version', options)
                compare('Listing the tasks of a recipe', 'list', options)
            elif kind == 'load':
                load(options)
            elif kind == 'wire':
                over_wire(min(count, MOST_SERVERS), options)
            else:
                here = here or fleet.Fleet(min(count, MOST_SERVERS))
                work_with(here, kind, count, options)
    finally:
        if here:
            here.stop()
        measure.remove_groups()


if __name__ == '__main__':
    main()
