"""The command lines of each client for each piece of work. A line sees SERVERS, HOSTS_FILE, N, CMD, FILE, DEST, GATEWAY (or empty),
KEY, PORT, KNOWN_HOSTS, CONFIG (for ssh), MUX (the same with ControlMaster), T (a fresh directory, also HOME), PEERS, VENV, CAPR.

Clients that start a process for each command get ControlMaster for ten of them, which keeps their connections."""
import os
import shutil

import fleet

VENV = os.environ.get('CAPR_BENCH_VENV', os.path.join(fleet.ROOT, 'target/bench-venv'))
PACKAGES = ('capistrano', 'clustershell', 'pssh', 'pdsh', 'rsync', 'python3-venv')
MODULES = ('fabric', 'ansible-core', 'pyinfra', 'parallel-ssh', 'asyncssh')


def ten(line):
    return 'for i in 1 2 3 4 5 6 7 8 9 10; do %s || exit; done' % line.replace('$CONFIG', '$MUX')


XARGS = 'xargs -a $HOSTS_FILE -P $N -I% '
SSH = XARGS + 'ssh -F $CONFIG % "$CMD"'
CLUSH = 'clush -f $N -o "-F $CONFIG" --hostfile $HOSTS_FILE '
PSSH = 'parallel-ssh -t 0 %s -h $HOSTS_FILE -p $N -x "-F $CONFIG" "$CMD"'
PDSH = 'PDSH_SSH_ARGS_APPEND="-F $CONFIG" pdsh -S -R ssh -l deploy -f $N -w ^$HOSTS_FILE "$CMD"'
CAPISTRANO = 'cd $PEERS/cap3; cap fleet '
ANSIBLE = 'export ANSIBLE_CONFIG=$PEERS/ansible.cfg ANSIBLE_SSH_CONTROL_PATH_DIR=$T/cp; cd $T; $VENV/bin/'
ADHOC = ANSIBLE + 'ansible all -i $HOSTS_FILE -f $N --ssh-common-args "-F $CONFIG" '
PLAYBOOK = ANSIBLE + 'ansible-playbook -i $HOSTS_FILE -f $N --ssh-common-args "-F $CONFIG" '
PYINFRA = 'cd $PEERS; $VENV/bin/pyinfra -y --parallel $N inventory.py '
LIBRARY = '$VENV/bin/python $PEERS/%s_client.py '


def library(name, **more):
    line = LIBRARY % name
    return {'one': line + 'one', 'ten': line + 'ten', 'output': line + 'one', 'send': line + 'send', **more}


CLIENTS = {
    'capr': {'one': '$CAPR -v $RECIPE one', 'ten': '$CAPR $RECIPE ten', 'output': '$CAPR $RECIPE one',
             'send': '$CAPR $RECIPE send', 'version': '$CAPR --version', 'list': '$CAPR $FLIPPER -T'},
    # The others give the command to the login shell as it is; capr, like Capistrano 2, has `sh` in between.
    'capr (default_shell false)': {'one': '$CAPR $RECIPE one -s default_shell=false', 'ten': '$CAPR $RECIPE ten -s default_shell=false'},
    'Capistrano 3': {'one': CAPISTRANO + 'one', 'ten': CAPISTRANO + 'ten', 'output': CAPISTRANO + 'one',
                     'send': CAPISTRANO + 'send', 'version': 'cap --version', 'list': CAPISTRANO + '-T'},
    'asyncssh': library('asyncssh'),
    'parallel-ssh (libssh2)': library('parallel_ssh'),
    'Fabric': library('fabric', version='$VENV/bin/fab --version', list='$VENV/bin/fab -r $PEERS --list'),
    'pyinfra': {'one': PYINFRA + 'exec -- "$CMD"', 'ten': PYINFRA + 'pyinfra_ten.py',
                'send': PYINFRA + 'pyinfra_send.py', 'version': '$VENV/bin/pyinfra --version'},
    'Ansible (raw)': {'one': ADHOC + '-m raw -a "$CMD"', 'ten': PLAYBOOK + '$PEERS/ansible_ten.yml',
                      'version': ANSIBLE + 'ansible --version'},
    'ssh': {'one': SSH, 'ten': ten(SSH).replace('$MUX', '$CONFIG'), 'output': SSH},
    'ssh, ControlMaster': {'one': SSH.replace('$CONFIG', '$MUX'), 'ten': ten(SSH)},
    'ClusterShell': {'one': CLUSH + '"$CMD"', 'ten': ten(CLUSH + '"$CMD"'), 'output': CLUSH + '"$CMD"',
                     'send': CLUSH + '--copy $FILE --dest $DEST', 'version': 'clush --version'},
    'pssh': {'one': PSSH % '', 'ten': ten(PSSH % ''), 'output': PSSH % '-P', 'version': 'parallel-ssh --version'},
    'pdsh': {'one': PDSH, 'ten': ten(PDSH), 'output': PDSH, 'version': 'pdsh -V'},
    'scp': {'send': XARGS + 'scp -q -F $CONFIG $FILE %:$DEST'},
    'rsync': {'send': XARGS + 'rsync -e "ssh -F $CONFIG" $FILE %:$DEST'},
}

# Through a server that leads to the others.
GATEWAYS = ('capr', 'asyncssh', 'Fabric', 'ssh, ControlMaster')

NEEDS = {
    'capr': fleet.ROOT + '/target/release/capr', 'capr (default_shell false)': fleet.ROOT + '/target/release/capr', 'Capistrano 3': 'cap', 'ClusterShell': 'clush', 'pssh': 'parallel-ssh',
    'pdsh': 'pdsh', 'rsync': 'rsync', 'Fabric': VENV + '/bin/fab', 'pyinfra': VENV + '/bin/pyinfra',
    'Ansible (raw)': VENV + '/bin/ansible', 'asyncssh': VENV + '/lib/python*/site-packages/asyncssh',
    'parallel-ssh (libssh2)': VENV + '/lib/python*/site-packages/pssh',
}


def is_installed(name):
    needed = NEEDS.get(name, 'ssh')
    if '/' in needed:
        import glob
        return bool(glob.glob(needed))
    return shutil.which(needed) is not None
