"""The limits for capr, beside the measurements: ratios within one run, with the clients that took part in it."""
import os

import wire


def tell(results):
    rows = list(kept(results))
    if rows:
        print('\n### The bars\n\n| what | bar | measured | |\n|---|--:|--:|---|')
        for what, bar, measured in rows:
            print('| %s | %.2f | %.2f | %s |' % (what, bar, measured, 'held' if measured <= bar else '**missed**'))


def against(medians, key, names=None, own='capr'):
    """capr as a multiple of the best of the others."""
    others = [row[key] for name, row in medians.items() if not name.startswith('capr') and (names is None or name in names)]
    if own in medians and others:
        yield medians[own][key] / min(others)


def kept(results):
    for key, words in (('version', 'telling the version'), ('list', 'listing tasks')):
        for value in against(results.get(key, {}), 'client', ('Capistrano 3',)):
            yield 'CPU of %s, multiple of Capistrano\'s' % words, 0.1, value
    for (kind, count), medians in ((key, value) for key, value in results.items() if isinstance(key, tuple)):
        if kind in ('one', 'ten'):
            words = '%s on %d servers' % ({'one': 'one command', 'ten': 'ten commands'}[kind], count)
            for value in against(medians, 'client'):
                yield '%s, client CPU, multiple of the best other' % words, 1.0, value
            for value in against(medians, 'wall'):
                yield '%s, wall, multiple of the best other' % words, 1.0, value
            for value in against(medians, 'wall', own='capr (default_shell false)'):
                yield '%s, without a further shell, as the others: wall, multiple of the best other' % words, 1.0, value
            if count >= 10 and 'capr' in medians and medians['capr']['servers']:
                row = medians['capr']
                yield '%s, wall, multiple of the servers\' need' % words, 1.15, row['wall'] * os.cpu_count() / row['servers']
        if kind == 'ten' and ('one', count) in results:
            further = {name: {'further': row['client'] - results['one', count][name]['client']}
                       for name, row in medians.items() if name in results['one', count]}
            for value in against(further, 'further'):
                yield 'further command on %d servers, client CPU, multiple of the best other' % count, 1.0, value
        if kind == 'send':
            for key, words in (('wall', 'wall'), ('client', 'client CPU')):
                for value in against(medians, key, ('scp', 'rsync')):
                    yield 'a file to %d servers, %s, multiple of scp\'s and rsync\'s' % (count, words), 1.0, value
        if kind == 'memory' and 'each' in medians.get('capr', {}):
            yield 'KiB of memory for each of %d servers' % count, 150, medians['capr']['each']
        if kind in ('wire', 'gateway') and 'further' in medians['one'].get('capr', {}):
            row, alone = medians['one']['capr'], '' if count == 1 else ', without what the processors take'
            words = '%d server%s 50 ms away' % (count, 's' * (count > 1)) + (' behind a gateway' if kind == 'gateway' else '')
            if kind == 'wire':
                login = row['login'] - (row['near login'] if alone else 0)
                yield 'round trips of the slowest login, %s%s' % (words, alone), 7.5, login / wire.ROUND_TRIP
            yield 'round trips of a further command, %s%s' % (words, alone), 1.1, row['further alone' if alone else 'further']
