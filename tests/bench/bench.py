#!/usr/bin/env python3
"""Measures capr, and the other clients that are installed, on servers of this machine (as root).

  scripts/bench                     capr alone: start-up, loading, 100 servers, 50 ms of round trip
  scripts/bench --peers             the other clients beside it
  scripts/bench WORK...             only this: start, load, one-COUNT, ten-COUNT, output-COUNT, send-COUNT, memory-COUNT,
                                    wire-COUNT, gateway-COUNT (one-100: one command on 100 servers; ten: ten, one after the
                                    other; wire: both, 50 ms away; gateway: the same, through one more server)
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

import bars  # noqa: E402
import clients  # noqa: E402
import fleet  # noqa: E402
import measure  # noqa: E402
import wire  # noqa: E402

HERE = os.path.dirname(os.path.abspath(__file__))
CAPR = os.path.join(fleet.ROOT, 'target/release/capr')
USUAL = ['start', 'load', 'one-100', 'ten-100', 'wire-1']
FULL = ['start', 'load', 'one-200', 'ten-200', 'output-10', 'send-10', 'memory-500', 'wire-1', 'wire-10', 'gateway-10']
COUNTED = ('one', 'ten', 'output', 'send', 'memory', 'wire', 'gateway')
MOST_SERVERS = 250
# A client that takes longer in its first run, and twice as long as capr, is measured once.
LONG = 4.0


def environment(directory, here, count, command, gateway):
    """The environment for the lines of clients.py; `here` is the fleet, or None."""
    values = {
        'PATH': os.environ.get('PATH', '/usr/bin:/bin'), 'HOME': directory, 'LANG': 'C.UTF-8', 'TERM': 'dumb', 'T': directory,
        'PYTHONDONTWRITEBYTECODE': '1',
        'N': str(count), 'CMD': command, 'PEERS': os.path.join(HERE, 'peers'), 'VENV': clients.VENV, 'CAPR': CAPR,
        'RECIPE': os.path.join(HERE, 'bench.rhai'), 'FLIPPER': os.path.join(fleet.ROOT, 'scripts/flipper.rhai'),
        'FILE': os.path.join(fleet.ROOT, 'target/bench-64MiB'), 'DEST': '/tmp/blob', 'PORT': fleet.PORT,
        'GATEWAY': gateway,
    }
    if here:
        # More servers than the fleet has: the rest are second names of the same, with sessions of their own.
        hosts = (here.hosts + here.names)[:count]
        with open(directory + '/hosts', 'w') as file:
            file.write('\n'.join(hosts) + '\n')
        mux = '  ControlMaster auto\n  ControlPath %s/%%C\n  ControlPersist 60\n' % directory
        if gateway:
            mux += 'Host %s\n  ProxyJump %s\n' % (' '.join(hosts), gateway)
        with open(directory + '/mux', 'w') as file:
            file.write(measure.read(here.config) + mux)
        values.update(HOSTS_FILE=directory + '/hosts', SERVERS=' '.join(hosts), CONFIG=here.config, MUX=directory + '/mux',
                      KEY=here.key, KNOWN_HOSTS=here.known_hosts, CAPR_SSH_CONFIG=here.config)
    return values


def once(line, here=None, count=1, command='true', namespace=None, gateway=''):
    directory = tempfile.mkdtemp(prefix='cb', dir='/dev/shm' if os.path.isdir('/dev/shm') else None)
    try:
        values = environment(directory, here, count, command, gateway)
        result = measure.run(['bash', '-c', line], values, directory, namespace)
        result['out'] = sum(os.path.getsize(directory + name) for name in ('/out', '/err'))
        logins = re.findall(r'connected in (\d+)ms', measure.read(directory + '/err')) if '$CAPR' in line else []
        result['login'] = max((int(login) / 1000 for login in logins), default=0.0)
        if here:
            measure.settle()
        return result
    finally:
        shutil.rmtree(directory, ignore_errors=True)


def proof(work, line, here, count, **where):
    """Makes a first run, to make sure that the client does its work."""
    here.clean()
    result = once(line, here, count, 'echo x >>/tmp/ran', **where)
    times = 10 if work == 'ten' else 1
    wanted = [times * (1 + (index + len(here.hosts) < count)) for index in range(min(count, len(here.hosts)))]
    if not result['failed'] and here.ran(count) != wanted:
        result['failed'] = 'it did not run %d times on every server' % times
    return result


def doubts(work, result, here, count):
    """Returns why a successful run has not done all of its work."""
    if work == 'output' and result['out'] < count << 20:
        return 'output is missing'
    if work == 'send':
        size = os.path.getsize(os.path.join(fleet.ROOT, 'target/bench-64MiB'))
        sizes = [os.path.getsize(path) if os.path.exists(path := here.path(name, 'tmp/blob')) else 0 for name in here.names[:count]]
        here.clean()
        if sizes != [size] * count:
            return 'the file is not whole everywhere'
    return None


def is_chosen(name, options):
    return name == 'capr' or (name in options.clients if options.clients else options.peers)


def compare(title, work, options, here=None, count=1, command='true', **where):
    """Runs the clients in turns, so that other work of the machine affects all alike. Prints and returns medians."""
    chosen, notes, runs = {}, [], {}
    for name, lines in clients.CLIENTS.items():
        if work not in lines or not is_chosen(name, options) or (where.get('gateway') and name not in clients.GATEWAYS):
            continue
        if not clients.is_installed(name):
            notes.append('%s is not installed' % name)
            continue
        chosen[name], runs[name] = lines[work], []
        if work in ('one', 'ten'):
            first = proof(work, lines[work], here, count, **where)
            capr = runs.get('capr')
            if first['failed']:
                notes.append('%s fails: %s' % (name, first['failed']))
                del chosen[name]
            elif first['wall'] > LONG and capr and first['wall'] > 2 * capr[0]['wall']:
                notes.append('%s was measured once' % name)
                runs[name].append(first)
                del chosen[name]
            elif name == 'capr':
                runs[name].append(first)
    for turn in range(options.repeat):
        for name, line in chosen.items():
            result = once(line, here, count, command, **where)
            failed = result['failed'] or doubts(work, result, here, count)
            if failed:
                notes.append('%s failed in a run: %s' % (name, failed))
                continue
            if turn == 0:
                runs[name].clear()
            runs[name].append(result)
    medians = {name: {key: statistics.median(run[key] for run in some) for key in FIGURES} for name, some in runs.items() if some}
    print('\n### %s\n' % title)
    table(medians, needs=count >= 10 and not where and here is not None)
    if notes:
        print('\n' + '. '.join(notes) + '.')
    sys.stdout.flush()
    return medians


FIGURES = ('wall', 'client', 'servers', 'memory', 'others', 'login')


def table(medians, needs):
    """Compares the clients; `needs` is true if the servers keep all processors busy, so that no client can be faster."""
    base = medians.get('capr')
    head = ['client', 'wall s', '× capr', 'client CPU s', '× capr', 'servers CPU s', 'wall ÷ servers\' need', 'memory MiB', 'others\' CPU']
    rows = []
    for name, row in sorted(medians.items(), key=lambda item: item[1]['client']):
        wall, cpu = (('%.2f' % (row[key] / base[key]) if base and base[key] else '') for key in ('wall', 'client'))
        need = row['servers'] / os.cpu_count()
        rows.append([name, '%.3f' % row['wall'], wall, '%.4f' % row['client'], cpu, '%.2f' % row['servers'],
                     '%.2f' % (row['wall'] / need) if need else '', '%.0f' % row['memory'], '%.0f%%' % (100 * row['others'])])
    if not needs:
        head, rows = without(head, 6), [without(row, 6) for row in rows]
    print('| %s |\n|---|%s' % (' | '.join(head), '--:|' * (len(head) - 1)))
    for row in rows:
        print('| %s |' % ' | '.join(row))


def without(row, index):
    return row[:index] + row[index + 1:]


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


def over_wire(count, options, gateway=False):
    """One command and ten; and the same on this side of the wire, to know the share of the processors."""
    line = wire.Wire(wire.ROUND_TRIP)
    try:
        here = fleet.Fleet(count + gateway, line)
        try:
            where = {'gateway': here.hosts[count]} if gateway else {}
            title = '%s, %d server%s, 50 ms of round trip' + (', through another server' if gateway else '')
            medians = {}
            for work, words in (('one', 'One command'), ('ten', 'Ten commands')):
                words = title % (words, count, 's' * (count > 1))
                medians[work] = compare(words, work, options, here, count, namespace=line.client, **where)
                for name, row in medians[work].items():
                    near = once(clients.CLIENTS[name][work], here, count, namespace=line.servers, **where)
                    row['near'], row['near login'] = near['wall'], near['login']
        finally:
            here.stop()
    finally:
        line.remove()
    print('\n| round trips, and in brackets without what the processors take | one command with all before it | each further command |')
    print('|---|--:|--:|')
    one, ten = medians['one'], medians['ten']
    for name in one:
        if name in ten:
            first = [one[name]['wall'], one[name]['wall'] - one[name]['near']]
            more = [ten[name]['wall'] - one[name]['wall'], ten[name]['near'] - one[name]['near']]
            more = [more[0] / 9, (more[0] - more[1]) / 9]
            one[name]['further'], one[name]['further alone'] = (value / wire.ROUND_TRIP for value in more)
            print('| %s | %.2f (%.2f) | %.2f (%.2f) |' % (name, *(value / wire.ROUND_TRIP for value in first + more)))
    if 'capr' in one:
        login, near = one['capr']['login'], one['capr']['near login']
        print('\nThe slowest login, as capr reports it: %.2f (%.2f).' % (login / wire.ROUND_TRIP, (login - near) / wire.ROUND_TRIP))
    sys.stdout.flush()
    return medians


def each(one, ten, count):
    """Client CPU for each connection and each command."""
    print('\n### Client CPU for each of %d servers\n' % count)
    print('| client | connection and one command, ms | × capr | each further command, ms | × capr |\n|---|--:|--:|--:|--:|')
    figures = {name: (one[name]['client'] / count, (ten[name]['client'] - one[name]['client']) / 9 / count) for name in one if name in ten}
    base = figures.get('capr')
    for name, (first, further) in sorted(figures.items(), key=lambda item: item[1]):
        ratios = ['%.1f' % (value / of) if of else '' for value, of in zip((first, further), base or (0, 0))]
        print('| %s | %.3f | %s | %.3f | %s |' % (name, 1e3 * first, ratios[0], 1e3 * further, ratios[1]))
    sys.stdout.flush()


def work_with(here, kind, count, options):
    if kind == 'one':
        return compare('One command on each of %d servers' % count, 'one', options, here, count)
    if kind == 'ten':
        return compare('Ten commands, one after the other, on each of %d servers' % count, 'ten', options, here, count)
    if kind == 'output':
        path = os.path.join(here.shared(), 'lines')
        with open(path, 'w') as file:
            file.writelines('%08d the quick brown fox jumps over the lazy dog 0123456789\n' % number for number in range(16500))
        return compare('1 MiB of lines from each of %d servers' % count, 'output', options, here, count, 'cat ' + path)
    if kind == 'send':
        path = os.path.join(fleet.ROOT, 'target/bench-64MiB')
        if not os.path.exists(path):
            with open(path, 'wb') as file:
                file.write(os.urandom(64 << 20))
        return compare('A file of 64 MiB to each of %d servers' % count, 'send', options, here, count)
    only = argparse.Namespace(**{**vars(options), 'peers': False, 'clients': None, 'repeat': 1})
    none = once(clients.CLIENTS['capr']['one'], here, 1)
    rows = compare('One command on each of %d servers, memory' % count, 'one', only, here, count, 'sleep 1')
    if 'capr' in rows:
        rows['capr']['each'] = (rows['capr']['memory'] - none['memory']) * 1024 / (count - 1)
        print('\nMemory for each server: %.0f KiB.' % rows['capr']['each'])
    return rows


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
        if kind not in ('start', 'load') and not (kind in COUNTED and count.isdigit() and int(count) > 0):
            parser.error('no such work: %s-%s' % (kind, count))
    subprocess.run(['cargo', 'build', '--quiet', '--release', '--bin', 'capr', '--example', 'fleet'], cwd=fleet.ROOT, check=True)
    measure.make_groups()
    here, results = None, {}
    try:
        for kind, _, count in wanted:
            count = int(count or 1)
            if here and (kind in ('wire', 'gateway') or min(count, MOST_SERVERS) > len(here.hosts)):
                here.stop()
                here = None
            if kind == 'start':
                results['version'] = compare('Telling the version', 'version', options)
                results['list'] = compare('Listing the tasks of a recipe', 'list', options)
            elif kind == 'load':
                load(options)
            elif kind in ('wire', 'gateway'):
                results[kind, count] = over_wire(min(count, MOST_SERVERS), options, kind == 'gateway')
            else:
                here = here or fleet.Fleet(min(count, MOST_SERVERS))
                results[kind, count] = work_with(here, kind, count, options)
                if kind == 'ten' and ('one', count) in results:
                    each(results['one', count], results['ten', count], count)
    finally:
        if here:
            here.stop()
        measure.remove_groups()
    bars.tell(results)


if __name__ == '__main__':
    main()
